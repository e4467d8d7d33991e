"""The laboratory: two hosts with a switch each, a third with the kernel's tunnels, and two tenants.

Called by Scripts/run, which installs and builds what is needed.
"""

import argparse
import os
import sys
import time

import hosts as h
from laboratory import KINDS, Laboratory, Unreachable
from network import CommandFailed

PREFIX = "apus-"
FOLDER = "/tmp/apus-laboratory"


class Progress:
    """One line for each step: rewritten on a terminal, plain elsewhere."""

    def __init__(self):
        self.terminal = sys.stdout.isatty()

    def __call__(self, title, action):
        if self.terminal:
            print(f"  … {title}", end="\r", flush=True)
        start = time.monotonic()
        result = action()
        said = f": {result}" if isinstance(result, str) else ""
        print(f"  ✓ {title}{said} ({time.monotonic() - start:.1f} s)\033[K" if self.terminal
              else f"ok: {title}{said} ({time.monotonic() - start:.1f} s)", flush=True)
        return result


def show(first):
    """Prints what a person would look at first."""
    red = h.SWITCH_PORTS["red"]
    titled = {
        "topology (ovs-vsctl show)": first.vsctl("show"),
        "OpenFlow rules of br-int (ovs-ofctl dump-flows)": first.ofctl("-O", "OpenFlow13", "dump-flows", "br-int"),
        "datapath flows (ovs-appctl dpctl/dump-flows)": first.appctl("dpctl/dump-flows"),
        "one packet traced (ovs-appctl ofproto/trace)": first.appctl(
            "ofproto/trace", "br-int",
            f"in_port={red},dl_src={h.machine_mac(1)},dl_dst={h.machine_mac(2)},icmp,"
            f"nw_src={h.OVERLAY}1,nw_dst={h.OVERLAY}2,icmp_type=8,icmp_code=0"),
    }
    for title, text in titled.items():
        print(f"\n{title}")
        print("\n".join("    " + line for line in text.rstrip().splitlines()))


def main():
    parser = argparse.ArgumentParser(prog="Scripts/run", description=__doc__)
    parser.add_argument("--programs", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--stop", action="store_true", help="remove every trace of the laboratory")
    parser.add_argument("--check", action="store_true", help="as a test: stop at the end, whatever happens")
    parser.add_argument("--with-ovs", action="store_true", help="the second host runs the distribution's OVS")
    parser.add_argument("--seconds", type=int, default=5, help="how long throughput is measured (default 5)")
    options = parser.parse_args()

    h.remove_everything(PREFIX, FOLDER)
    if options.stop:
        print("the laboratory is gone")
        return 0

    laboratory = Laboratory(PREFIX, FOLDER, options.programs, "ovs" if options.with_ovs else "apus")
    progress = Progress()
    try:
        progress("make the hosts and their machines", laboratory.create)
        progress("start the database servers and the switches", laboratory.start)
        for kind in KINDS:
            progress(f"join the hosts by {kind}", lambda: laboratory.tunnel(kind))
            for tenant, other in (("red", "blue"), ("blue", "red")):
                progress(f"ping {tenant} over {kind}", lambda: laboratory.ping_apart(tenant, other))
            if kind == "vxlan":
                laboratory.third.set_tunnel(laboratory.first)
                progress("ping the kernel's VXLAN device", lambda: laboratory.ping("red", laboratory.third))
            progress(f"throughput over {kind}", lambda: laboratory.throughput(options.seconds))
        laboratory.tunnel("vxlan")
        laboratory.ping("red", laboratory.second.machines["red"])
        show(laboratory.first)
    except (CommandFailed, Unreachable) as error:
        print(f"error: {error}", file=sys.stderr)
        for host in (laboratory.first, laboratory.second):
            log = os.path.join(host.folder, "ovs-vswitchd.log")
            if os.path.exists(log):
                print(f"last lines of {log}:", file=sys.stderr)
                with open(log) as file:
                    sys.stderr.writelines("    " + line for line in file.readlines()[-20:])
        if options.check:
            h.remove_everything(PREFIX, FOLDER)
        return 1
    if options.check:
        h.remove_everything(PREFIX, FOLDER)
        print("the laboratory passed, and is gone")
        return 0
    print(f"""
Look around:
    ip netns exec {PREFIX}host1-red ping {h.OVERLAY}2
    ip netns exec {PREFIX}host1-blue ping {h.OVERLAY}2          the same address, another tenant
    export OVS_RUNDIR={laboratory.first.folder} PATH={options.programs}:$PATH
    ip netns exec {PREFIX}host1 ovs-vsctl show
    ip netns exec {PREFIX}host1 ovs-appctl dpctl/dump-flows
Stop it:
    Scripts/run --stop""")
    return 0


if __name__ == "__main__":
    sys.exit(main())
