import Glibc
import Testing

@testable import Host

@Suite struct PidFileTests {
  @Test func `it says which process it is, and goes with it`() throws {
    let directory = TemporaryDirectory()
    let path = directory.path + "/daemon.pid"
    #expect(PidFile.holder(path) == nil)
    let file = try PidFile.create(path)
    // Only another process can see that it is locked; and if this one reads it, the lock is gone.
    let script = "import fcntl; fcntl.lockf(open('\(path)','r+'), fcntl.LOCK_EX|fcntl.LOCK_NB)"
    #expect(system("/usr/bin/python3 -c \"\(script)\" 2>/dev/null") != 0)
    #expect(try Files.read(path) == Array("\(Process.identifier)\n".utf8))
    file.remove()
    #expect(!Files.exists(path))
  }

  @Test func `one that has been replaced is not removed`() throws {
    let directory = TemporaryDirectory()
    let path = directory.path + "/daemon.pid"
    let file = try PidFile.create(path)
    try Files.replace(path, with: Array("1\n".utf8))
    file.remove()
    #expect(Files.exists(path))
  }

  @Test func `nobody holds a file that is left over`() throws {
    let directory = TemporaryDirectory()
    let path = directory.path + "/daemon.pid"
    try Files.replace(path, with: Array("1\n".utf8))
    #expect(PidFile.holder(path) == nil)
  }

  @Test func `a control socket is named after its program and process`() {
    let directories = Directories(environment: { ["OVS_RUNDIR": "/run/x"][$0] })
    #expect(directories.controlSocket(of: "ovs-vswitchd", process: 7) == "/run/x/ovs-vswitchd.7.ctl")
    #expect(Directories.isPath("/run/x.ctl"))
    #expect(Directories.isPath("x/y"))
    #expect(!Directories.isPath("ovs-vswitchd"))
  }
}
