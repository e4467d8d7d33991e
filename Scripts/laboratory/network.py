"""Network namespaces and links, every one of them with the laboratory's prefix in its name."""

import subprocess


class CommandFailed(Exception):
    """A command exited non-zero: what it was, and what it said."""

    def __init__(self, arguments, status, output):
        super().__init__(f"`{' '.join(arguments)}` exited with status {status}: {output.strip()}")
        self.status = status
        self.output = output


def run(*arguments, check=True, timeout=30, environment=None, text=None):
    """Runs a command and returns its standard output; errors carry both outputs."""
    arguments = [str(argument) for argument in arguments]
    try:
        done = subprocess.run(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
            env=environment, input=text, text=True)
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(arguments, "timeout", f"no end after {timeout} s") from error
    if check and done.returncode != 0:
        raise CommandFailed(arguments, done.returncode, done.stdout + done.stderr)
    return done.stdout


class Namespace:
    """A network namespace: made, used, removed."""

    def __init__(self, name):
        self.name = name

    def create(self):
        run("ip", "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")
        return self

    def remove(self):
        run("ip", "netns", "delete", self.name, check=False)

    def command(self, *arguments):
        """The argument list that runs a command inside."""
        return ["ip", "netns", "exec", self.name, *[str(argument) for argument in arguments]]

    def run(self, *arguments, **options):
        return run(*self.command(*arguments), **options)

    def ip(self, *arguments, **options):
        return run("ip", "-n", self.name, *arguments, **options)

    def set_checksum_offload(self, link, on):
        self.run("ethtool", "-K", link, "tx", "on" if on else "off", check=False)

    def ping(self, address, count=3, interval=0.2, size=56, timeout=2, source=None):
        """Pings, and returns (received, median milliseconds or None)."""
        extra = ["-I", source] if source else []
        output = self.run(
            "ping", "-n", "-c", count, "-i", interval, "-s", size, "-W", timeout, *extra, address,
            check=False, timeout=count * (interval + timeout) + 10)
        times = sorted(
            float(line.split("time=")[1].split()[0]) for line in output.splitlines() if "time=" in line)
        return len(times), times[len(times) // 2] if times else None

    def received_echo_requests(self):
        """How many ICMP echo requests have reached this namespace's addresses."""
        names, values = [
            line.split() for line in self.run("cat", "/proc/net/snmp").splitlines() if line.startswith("Icmp:")]
        return int(values[names.index("InEchos")])


def join(left, left_link, right, right_link, left_mac=None, right_mac=None, mtu=1500):
    """Joins two namespaces by a veth pair, both ends up."""
    run("ip", "link", "add", left_link, "netns", left.name, "type", "veth",
        "peer", "name", right_link, "netns", right.name)
    for namespace, link, mac in ((left, left_link, left_mac), (right, right_link, right_mac)):
        namespace.run("sysctl", "-qw", f"net.ipv6.conf.{link}.disable_ipv6=0", check=False)
        if mac:
            namespace.ip("link", "set", link, "address", mac)
        namespace.ip("link", "set", link, "mtu", mtu, "up")
