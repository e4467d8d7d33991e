"""Measures Apus beside OVS in one run, prints every ratio and writes a plot. Called by Scripts/bench."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile

import control
import dpdk
import moved
import plot


class Report:
    """Figures side by side, with the ratio by which ours is better."""

    def __init__(self):
        self.ratios = []

    def row(self, name, ours, peer, unit, larger_is_better):
        ratio = (ours / peer if larger_is_better else peer / ours) if ours and peer else None
        if ratio:
            self.ratios.append((name, ratio))

        def shown(value):
            return "not measured" if value is None else f"{value:,.4g} {unit}"
        print(f"  {name:44} ours {shown(ours):22} peer {shown(peer):22} "
              + (f"{ratio:.2f} times the peer" if ratio else ""), flush=True)


def memory(report, options, programs):
    """(a) Packets of one capture looped in memory through parse, lookup and output."""
    print("in memory, one core, nanoseconds a packet (peer: OVS with DPDK)")
    folder = tempfile.mkdtemp(prefix="apus-bench-memory-")
    try:
        for flows in [1, 1000] if options.smoke else [1, 1000, 8000, 100_000, 1_000_000]:
            capture = os.path.join(folder, "load.pcap")
            dpdk.write_capture(capture, flows)
            for count, rules in ((1, dpdk.ONE_RULE), (19, dpdk.shaped_rules())):
                ours = engine_nanoseconds(programs, capture, count, options.smoke)
                peer = None
                if not options.smoke and flows <= 100_000:  # a million needs more packet buffers than 512 MB hold
                    with dpdk.HugePages(600):
                        peer = dpdk.measure(capture, rules, options.seconds)
                report.row(f"{flows:,} flows, {count} rules", ours, peer, "ns", False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    size = ["--smoke"] if options.smoke else []
    output = subprocess.run(
        [os.path.join(programs, "datapath-bench"), "--connections", *size],
        check=True, text=True, stdout=subprocess.PIPE, timeout=600).stdout
    for line in output.splitlines()[1:]:
        count, translation, setups, nanoseconds, _, size = line.split()
        name = f"{int(count):,} connections, translation: {translation}"
        report.row(f"{name}, set up", float(setups), None, "/s", True)
        report.row(f"{name}, established", float(nanoseconds), None, "ns", False)
        report.row(f"{name}, memory of one", float(size), None, "bytes", False)


def engine_nanoseconds(programs, capture, rules, is_smoke):
    """Nanoseconds a packet of our engine, a median of several runs."""
    size = ["--packets", "20000", "--runs", "1"] if is_smoke else []
    output = subprocess.run(
        [os.path.join(programs, "datapath-bench"), "--pcap", capture, "--rules", str(rules), *size],
        check=True, text=True, stdout=subprocess.PIPE, timeout=300).stdout
    return float(output.splitlines()[-1].split()[2])


def packets(report, options, load_folder):
    """(b) Veth to veth."""
    print("veth to veth (peers: OVS's userspace datapath, and the kernel's bridge)")
    rows = moved.measure(
        options.programs, os.path.join(load_folder, "udp-load"), options.seconds, options.repeats)
    for peer, name in (("ovs", "OVS netdev"), ("bridge", "kernel bridge"), ("none", "no switch")):
        if peer in rows:
            report.row(f"TCP, beside {name}", rows["apus"][0], rows[peer][0], "Gbit/s", True)
            report.row(f"60-byte UDP, beside {name}", rows["apus"][1], rows[peer][1], "/s", True)
            report.row(f"ping, beside {name}", rows["apus"][2], rows[peer][2], "ms", False)


def commands(report, options, _):
    """(c) flows by ovs-ofctl, (d) database transactions, (e) the time of one command."""
    count = 2000 if options.smoke else 100_000
    print(f"control plane, {count:,} flows (peer: OVS)")
    figures = control.measure(options.programs, count, 1 if options.smoke else options.seconds, options.repeats * 5)
    units = {"transactions": ("/s", True), "flows resident": ("MB", False), "ovs-vsctl get": ("ms", False),
             "ovs-ofctl dump-flows": ("ms", False)}
    for name, peer in figures["ovs"].items():
        unit, larger = units.get(name, ("s", False))
        report.row(name, figures["apus"][name], peer, unit, larger)


PARTS = {"memory": memory, "packets": packets, "commands": commands}


def main():
    parser = argparse.ArgumentParser(prog="Scripts/bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"which of {', '.join(PARTS)}; all by default")
    parser.add_argument("--programs", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--smoke", action="store_true", help="small sizes, to see that everything still runs")
    parser.add_argument("--seconds", type=int, default=5, help="length of one measurement (default 5)")
    parser.add_argument("--repeats", type=int, default=3, help="runs a median is taken of (default 3)")
    parser.add_argument("--plot", default=".build/bench.svg", help="where the plot goes (default .build/bench.svg)")
    options = parser.parse_args()
    if options.smoke:
        options.seconds, options.repeats = 1, 1
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"no part named {part}; there are {', '.join(PARTS)}")
    report = Report()
    for part in options.parts or PARTS:
        PARTS[part](report, options, options.programs)
    plot.write(options.plot, "Apus beside its peers: times as good", report.ratios)
    print(f"plot: {options.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
