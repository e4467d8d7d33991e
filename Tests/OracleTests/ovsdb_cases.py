"""Transactions for the schema in test_ovsdb.py, executed in order by Open vSwitch and by Apus.

Every group starts from an empty database. UUID stands for a row's name that both know.
"""

SCHEMA = {
    "name": "D", "version": "1.2.3", "cksum": "12 34",
    "tables": {
        "A": {
            "isRoot": True,
            "columns": {
                "i": {"type": "integer"},
                "r": {"type": "real"},
                "b": {"type": "boolean"},
                "s": {"type": "string"},
                "u": {"type": "uuid"},
                "oi": {"type": {"key": "integer", "min": 0}},
                "range": {"type": {"key": {"type": "integer", "minInteger": 1, "maxInteger": 9}, "min": 0}},
                "least": {"type": {"key": {"type": "integer", "minInteger": 1}, "min": 0}},
                "most": {"type": {"key": {"type": "real", "maxReal": 2.5}, "min": 0}},
                "len": {"type": {"key": {"type": "string", "minLength": 2, "maxLength": 4}, "min": 0}},
                "enum": {"type": {"key": {"type": "string", "enum": ["set", ["x", "y z"]]}, "min": 0}},
                "si": {"type": {"key": "integer", "min": 0, "max": "unlimited"}},
                "s3": {"type": {"key": "string", "min": 0, "max": 3}},
                "s1": {"type": {"key": "integer", "min": 1, "max": 3}},
                "m": {"type": {"key": "string", "value": "integer", "min": 0, "max": "unlimited"}},
                "m2": {"type": {"key": "string", "value": "string", "min": 0, "max": 2}},
                "const": {"type": "string", "mutable": False},
                "eph": {"type": "string", "ephemeral": True},
                "strong": {"type": {"key": {"type": "uuid", "refTable": "B"}, "min": 0, "max": "unlimited"}},
                "strong1": {"type": {"key": {"type": "uuid", "refTable": "B"}, "min": 0}},
                "weak": {"type": {"key": {"type": "uuid", "refTable": "B", "refType": "weak"}, "min": 0,
                                  "max": "unlimited"}},
                "wmap": {"type": {"key": "string", "value": {"type": "uuid", "refTable": "B", "refType": "weak"},
                                  "min": 0, "max": "unlimited"}},
            }},
        "B": {
            "columns": {
                "n": {"type": "string"},
                "next": {"type": {"key": {"type": "uuid", "refTable": "B"}, "min": 0}},
            }},
        "Limited": {"isRoot": True, "maxRows": 2, "columns": {"n": {"type": "integer"}}},
        "Indexed": {"isRoot": True, "indexes": [["n"], ["k", "v"]],
                    "columns": {"n": {"type": "string"}, "k": {"type": "integer"}, "v": {"type": "string"}}},
        "Needs": {"isRoot": True, "columns": {
            "w": {"type": {"key": {"type": "uuid", "refTable": "B", "refType": "weak"}}}}},
    },
}

U1 = "11111111-1111-4111-8111-111111111111"
U2 = "22222222-2222-4222-8222-222222222222"


def insert(table, row, **more):
    return dict({"op": "insert", "table": table, "row": row}, **more)


def select(table, where=(), **more):
    return dict({"op": "select", "table": table, "where": list(where)}, **more)


def update(table, row, where=()):
    return {"op": "update", "table": table, "where": list(where), "row": row}


def mutate(table, mutations, where=()):
    return {"op": "mutate", "table": table, "where": list(where), "mutations": mutations}


def delete(table, where=()):
    return {"op": "delete", "table": table, "where": list(where)}


def columns(table, *names, where=()):
    return select(table, where, columns=list(names))


A = {"s1": 1}
FULL = {"i": -5, "r": 1.5, "b": True, "s": "text é \"q\"", "u": ["uuid", U1], "oi": 3, "range": 9, "most": 2.5,
        "len": "abcd", "enum": "y z", "si": ["set", [3, 1, 2]], "s3": ["set", ["b", "a"]], "s1": ["set", [5, 4]],
        "m": ["map", [["k", 1], ["a", 2]]], "m2": ["map", [["x", "y"]]], "const": "c", "eph": "e"}

GROUPS = {
    "shape of operations": [
        [], [1], [{}], [{"op": 1}], [{"op": "bogus"}], [{"op": "insert"}], [{"op": "insert", "table": "X", "row": {}}],
        [{"op": "insert", "table": "A"}], [insert("A", 1)], [insert("A", A, extra=1)],
        [{"op": "abort"}], [{"op": "abort", "x": 1}],
        [{"op": "comment"}], [{"op": "comment", "comment": 1}], [{"op": "comment", "comment": "c"}],
        [{"op": "commit"}], [{"op": "commit", "durable": 1}], [{"op": "commit", "durable": False}],
        [{"op": "commit", "durable": True}], [{"op": "assert"}], [{"op": "assert", "lock": 1}],
        [{"op": "assert", "lock": "l"}], [{"op": "select", "table": "A"}], [select("A", columns=1)],
        [select("A", columns=["nope"])], [select("A", columns=["i", "i"])], [select("A", columns=[1])],
        [{"op": "delete", "table": "A"}], [{"op": "update", "table": "A", "where": []}],
        [{"op": "mutate", "table": "A", "where": []}], [{"op": "mutate", "table": "A", "where": [], "mutations": {}}],
        [insert("A", A), {"op": "abort"}, select("A")], [columns("A", "i")],
    ],
    "values": [
        [insert("A", FULL)], [columns("A", *sorted(FULL))],
        [insert("A", dict(A, i=1.5))], [insert("A", dict(A, i="1"))], [insert("A", dict(A, i=1e3))],
        [insert("A", dict(A, r="x"))], [insert("A", dict(A, b=0))], [insert("A", dict(A, s=1))],
        [insert("A", dict(A, u=U1))], [insert("A", dict(A, u=["uuid", "x"]))], [insert("A", dict(A, u=["uuid"]))],
        [insert("A", dict(A, u=["x", U1]))], [insert("A", dict(A, oi=["set", []]))],
        [insert("A", dict(A, oi=["set", [1, 2]]))], [insert("A", dict(A, range=0))], [insert("A", dict(A, range=10))],
        [insert("A", dict(A, least=0))], [insert("A", dict(A, most=2.75))], [insert("A", dict(A, len="a"))],
        [insert("A", dict(A, len="abcde"))], [insert("A", dict(A, len="äöü"))], [insert("A", dict(A, enum="z"))],
        [insert("A", dict(A, si=["set", [1, 1]]))], [insert("A", dict(A, si=["set", 1]))],
        [insert("A", dict(A, si=["set"]))], [insert("A", dict(A, si=5))], [insert("A", dict(A, si=["map", []]))],
        [insert("A", dict(A, s3=["set", ["a", "b", "c", "d"]]))], [insert("A", {"s1": ["set", []]})],
        [insert("A", dict(A, m=["map", [["a", 1], ["a", 2]]]))], [insert("A", dict(A, m=["map", [["a"]]]))],
        [insert("A", dict(A, m=["map", [["a", "b"]]]))], [insert("A", dict(A, m=["set", []]))], [insert("A", dict(A, m=1))],
        [insert("A", dict(A, m2=["map", [["a", ""], ["b", ""], ["c", ""]]]))],
        [insert("A", {"nope": 1})], [insert("A", A, uuid=U2)], [insert("A", A, uuid=U2)], [insert("A", A, uuid="x")],
        [insert("A", A, uuid=1)], [insert("A", A, **{"uuid-name": "1x"})],
        [insert("A", A, **{"uuid-name": "a"}), insert("A", A, **{"uuid-name": "a"})],
        [columns("A", "i", "oi")],
    ],
    "conditions": [
        [insert("A", dict(A, i=1, r=0.5, s="a", si=["set", [1, 2]], m=["map", [["a", 1], ["b", 2]]], oi=7))],
        [insert("A", dict(A, i=2, r=1.5, s="b", si=["set", [2, 3]], m=["map", [["a", 2]]]))],
        [insert("A", dict(A, i=3, r=2.5, s="c"))],
    ] + [
        [columns("A", "i", where=[clause])] for clause in [
            ["i", "==", 2], ["i", "!=", 2], ["i", "<", 2], ["i", "<=", 2], ["i", ">", 2], ["i", ">=", 2],
            ["r", "<", 1.5], ["r", ">=", 1], ["s", "<", "b"], ["s", "==", "b"], ["oi", "<", 9], ["oi", "==", 7],
            ["oi", "==", ["set", []]], ["si", "includes", 2], ["si", "includes", ["set", []]],
            ["si", "includes", ["set", [1, 2]]], ["si", "excludes", 2], ["si", "excludes", ["set", [1, 3]]],
            ["si", "==", ["set", [1, 2]]], ["m", "includes", ["map", [["a", 1]]]], ["m", "excludes", ["map", [["a", 1]]]],
            ["m", "includes", ["map", []]], ["i", "includes", 1], ["i", "excludes", 1], ["i", "like", 1], ["x", "==", 1],
            ["i", "=="], "i", 1, ["i", "==", "x"], ["m", "<", ["map", []]], ["si", "<", 1], True, False, [],
            ["_uuid", "==", ["uuid", U1]], ["_uuid", "!=", ["uuid", U1]], ["b", "==", False], ["b", "<", True],
            ["s1", "<", 3], ["enum", "==", "nope"], ["range", "==", 100], ["_version", "==", ["uuid", U1]],
        ]
    ] + [[columns("A", "i", where=[["i", ">", 1], ["r", "<", 2]])], [delete("A", [["i", "==", 2]])], [columns("A", "i")],
         [delete("A", ["x"])], [delete("A", [["i", "==", 99]])]],
    "mutations": [
        [insert("A", dict(A, i=10, r=4, si=["set", [1, 2, 3]], s3=["set", ["a"]], m=["map", [["a", 1], ["b", 2]]], range=5))],
    ] + [
        [mutate("A", [mutation]), columns("A", "i", "r", "si", "s3", "s1", "m", "range", "oi")] for mutation in [
            ["i", "+=", 1], ["i", "-=", 2], ["i", "*=", 3], ["i", "/=", 2], ["i", "%=", 5], ["i", "/=", 0], ["i", "%=", 0],
            ["r", "+=", 1.5], ["r", "/=", 2], ["r", "%=", 2], ["r", "/=", 0], ["r", "*=", 1e308], ["r", "*=", 1e308],
            ["i", "+=", 9223372036854775807], ["i", "+=", "x"], ["i", "+=", ["set", [1]]], ["i", "+=", ["set", []]],
            ["s", "+=", "x"], ["b", "+=", True], ["si", "+=", 1], ["si", "*=", 0], ["si", "insert", ["set", [3, 4, 5]]],
            ["si", "insert", 6], ["si", "insert", ["set", [7, 7]]], ["si", "delete", ["set", [1, 2, 99]]],
            ["si", "delete", 3], ["s3", "insert", ["set", ["b", "c"]]], ["s3", "insert", "d"], ["s3", "insert", ["set", ["a", "b", "c", "d"]]],
            ["s3", "insert", ["set", ["a", "b", "c", "d", "e"]]], ["s1", "delete", 1],
            ["s1", "insert", ["set", [2, 3]]], ["s1", "insert", ["set", [4]]], ["m", "insert", ["map", [["a", 9], ["c", 3]]]],
            ["m", "delete", ["map", [["a", 9], ["b", 2]]]], ["m", "delete", ["set", ["c", "zz"]]], ["m", "delete", "a"],
            ["m", "delete", ["set", []]], ["m", "insert", ["set", []]], ["m", "+=", 1], ["i", "insert", 1], ["i", "delete", 1],
            ["range", "+=", 10], ["range", "-=", 4], ["oi", "+=", 1], ["oi", "insert", 3], ["oi", "insert", 4], ["oi", "delete", 3],
            ["const", "insert", "x"], ["nope", "+=", 1], ["i", "bogus", 1], ["i", "+="], 1, ["_uuid", "+=", 1],
            ["_version", "+=", 1], ["si", "insert", "x"], ["s3", "delete", ["set", ["a", "a"]]], ["enum", "insert", "q"],
            ["enum", "delete", "q"],
        ]
    ],
    "updates": [
        [insert("A", dict(A, i=1, const="c"), uuid=U1)], [update("A", {"i": 2})], [update("A", {"const": "d"})],
        [update("A", {"_uuid": ["uuid", U2]})], [update("A", {"_version": ["uuid", U2]})], [update("A", {"nope": 1})],
        [update("A", {"i": "x"})], [update("A", {"range": 100})], [update("A", {"i": 3}, [["i", "==", 99]])],
        [update("A", 1)], [update("A", {})], [columns("A", "_uuid", "i", "const")], [update("A", {"eph": "q"})],
        [columns("A", "eph")], [insert("A", {"_uuid": ["uuid", U2], "s1": 1})],
        [columns("A", "i", where=[["_uuid", "==", ["uuid", U1]]])],
        [delete("A", [["_uuid", "==", ["uuid", U1]]]), insert("A", A, uuid=U1)],
    ],
    "references": [
        [insert("B", {"n": "unreferenced"})], [columns("B", "n")],
        [insert("A", dict(A, strong=["named-uuid", "x"])), insert("B", {"n": "one"}, **{"uuid-name": "x"})],
        [columns("B", "n")],
        [insert("A", dict(A, strong=["uuid", U1]))], [insert("A", dict(A, strong=["named-uuid", "nowhere"]))],
        [insert("A", dict(A, strong=["named-uuid", "1x"]))], [delete("B")], [columns("B", "n")],
        [insert("A", dict(A, i=5, weak=["named-uuid", "y"])), insert("A", dict(A, i=15, strong1=["named-uuid", "y"])),
         insert("B", {"n": "two"}, **{"uuid-name": "y"})],
        [columns("A", "weak", where=[["i", "==", 5]])], [update("A", {"strong1": ["set", []]}, [["i", "==", 15]])],
        [columns("A", "i", "weak", where=[["i", "==", 5]])], [columns("B", "n")],
        [insert("A", dict(A, i=6, wmap=["map", [["k", ["uuid", U1]]]]))], [columns("A", "i", "wmap", where=[["i", "==", 6]])],
        [insert("A", dict(A, i=7, weak=["uuid", U2]))], [columns("A", "i", "weak", where=[["i", "==", 7]])],
        [insert("A", dict(A, i=8, strong=["named-uuid", "c1"])), insert("B", {"n": "c1", "next": ["named-uuid", "c2"]},
                                                                     **{"uuid-name": "c1"}),
         insert("B", {"n": "c2", "next": ["named-uuid", "c3"]}, **{"uuid-name": "c2"}),
         insert("B", {"n": "c3"}, **{"uuid-name": "c3"})],
        [select("B", [["n", "==", "c3"]], columns=["n"])],
        [delete("B", [["n", "==", "c2"]])], [delete("A", [["i", "==", 8]])], [select("B", [["n", "==", "c3"]], columns=["n"])],
        [insert("B", {"n": "ring1", "next": ["named-uuid", "r2"]}, **{"uuid-name": "r1"}),
         insert("B", {"n": "ring2", "next": ["named-uuid", "r1"]}, **{"uuid-name": "r2"})],
        [select("B", [["n", "==", "ring1"]], columns=["n"])],
        [insert("Needs", {})], [insert("Needs", {"w": ["uuid", U1]})],
        [insert("Needs", {"w": ["named-uuid", "z"]}), insert("A", dict(A, i=9, strong=["named-uuid", "z"])),
         insert("B", {"n": "z"}, **{"uuid-name": "z"})],
        [delete("A", [["i", "==", 9]])], [delete("Needs"), delete("A", [["i", "==", 9]])],
        [columns("Needs", "w")], [delete("A")], [columns("B", "n")],
    ],
    "limits and indexes": [
        [insert("Limited", {"n": 1}), insert("Limited", {"n": 2})], [insert("Limited", {"n": 3})],
        [delete("Limited", [["n", "==", 1]]), insert("Limited", {"n": 3})],
        [insert("Indexed", {"n": "a", "k": 1, "v": "x"}, uuid=U1)], [insert("Indexed", {"n": "a", "k": 2, "v": "x"}, uuid=U2)],
        [insert("Indexed", {"n": "b", "k": 1, "v": "x"}, uuid=U2)], [insert("Indexed", {"n": "b", "k": 1, "v": "y"}, uuid=U2)],
        [update("Indexed", {"n": "c"})], [update("Indexed", {"n": "b"}, [["n", "==", "a"]])],
        [update("Indexed", {"n": "t"}, [["n", "==", "a"]]), update("Indexed", {"n": "a"}, [["n", "==", "b"]]),
         update("Indexed", {"n": "b"}, [["n", "==", "t"]])],
        [columns("Indexed", "n", "k", where=[["n", "==", "a"]])], [columns("Indexed", "n", where=[["k", "==", 1], ["v", "==", "y"]])],
        [columns("Indexed", "n", where=[["n", "==", "a"], ["k", "==", 99]])],
        [insert("Indexed", {"n": "d", "k": 5, "v": ""}), columns("Indexed", "k", where=[["n", "==", "d"]])],
        [delete("Indexed", [["n", "==", "d"]]), columns("Indexed", "k", where=[["n", "==", "d"]])],
        [delete("Indexed", [["n", "==", "a"]]), insert("Indexed", {"n": "a", "k": 7, "v": "z"})],
    ],
    "waits": [
        [insert("A", dict(A, i=1, s="a")), insert("A", dict(A, i=2, s="b"))],
    ] + [
        [dict({"op": "wait", "table": "A", "timeout": 0}, **wait)] for wait in [
            {"where": [], "columns": ["i"], "until": "==", "rows": [{"i": 2}, {"i": 1}]},
            {"where": [], "columns": ["i"], "until": "!=", "rows": [{"i": 2}, {"i": 1}]},
            {"where": [], "columns": ["i"], "until": "==", "rows": [{"i": 1}]},
            {"where": [["i", "==", 1]], "columns": ["i", "s"], "until": "==", "rows": [{"i": 1, "s": "a"}]},
            {"where": [["i", "==", 1]], "columns": ["i", "s"], "until": "==", "rows": [{"i": 1}]},
            {"where": [["i", "==", 9]], "columns": ["i"], "until": "==", "rows": []},
            {"where": [], "columns": ["i"], "until": "<", "rows": []}, {"where": [], "columns": ["i"], "until": "=="},
            {"where": [], "columns": ["x"], "until": "==", "rows": []}, {"where": [], "columns": ["i"], "until": "==", "rows": [1]},
            {"where": [], "columns": ["i"], "until": "==", "rows": [{"x": 1}]},
            {"where": [], "columns": ["i"], "until": "==", "rows": [], "timeout": -1},
            {"where": [], "columns": ["i"], "until": "==", "rows": [], "timeout": "x"},
            {"where": [], "columns": ["i"], "until": "==", "rows": {}},
        ]
    ],
}
