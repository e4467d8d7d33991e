import Glibc
import Testing

@testable import Host

@Suite struct FilesTests {
  @Test func `a file is replaced whole`() throws {
    let directory = TemporaryDirectory()
    let path = directory.path + "/file"
    try Files.replace(path, with: [1, 2, 3])
    try Files.replace(path, with: [4])
    #expect(try Files.read(path) == [4])
    #expect(throws: SystemError(code: ENOENT)) { try Files.read(path + "x") }
  }

  @Test func `appending, cutting and seeking`() throws {
    let directory = TemporaryDirectory()
    let path = directory.path + "/file"
    let file = try File(path, .createNew)
    try file.write([1, 2, 3, 4])
    try file.truncate(to: 2)
    try file.seek(to: 0)
    #expect(try file.readToEnd() == [1, 2])
    #expect(try file.byteCount() == 2)
    #expect(throws: SystemError(code: EEXIST)) { _ = try File(path, .createNew) }
  }

  @Test func `what is asked of a closed file does not reach the one that has its number now`() throws {
    let directory = TemporaryDirectory()
    let file = try File(directory.path + "/first", .createNew)
    file.close()
    let other = try File(directory.path + "/second", .createNew)
    #expect(throws: SystemError(code: EBADF)) { try file.write([1]) }
    #expect(throws: SystemError(code: EBADF)) { try file.truncate(to: 0) }
    #expect(file.lockHolder == nil && !file.isSame(as: directory.path + "/second"))
    #expect(try other.byteCount() == 0)
  }

  @Test func `a socket takes the place of a socket and of no other file`() throws {
    let directory = TemporaryDirectory()
    let path = directory.path + "/file"
    try Files.replace(path, with: [1])
    #expect(throws: SystemError(code: EADDRINUSE)) { _ = try Syscalls.listenLocal(path) }
    #expect(try Files.read(path) == [1])
    let first = try Syscalls.listenLocal(directory.path + "/socket")
    let second = try Syscalls.listenLocal(directory.path + "/socket")
    Syscalls.close(first)
    Syscalls.close(second)
  }

  @Test func `a lock lies in a companion file, and another process is refused`() throws {
    let directory = TemporaryDirectory()
    let path = directory.path + "/conf.db"
    let lock = try LockFile.acquire(for: path)
    #expect(LockFile.path(for: path).hasSuffix("/.conf.db.~lock~"))
    #expect(Files.exists(LockFile.path(for: path)))
    // Such locks belong to processes, so only another one can be refused.
    let script =
      "import fcntl,sys; f=open('\(LockFile.path(for: path))','r+'); fcntl.lockf(f, fcntl.LOCK_EX|fcntl.LOCK_NB)"
    #expect(system("/usr/bin/python3 -c \"\(script)\" 2>/dev/null") != 0)
    lock.release()
    #expect(system("/usr/bin/python3 -c \"\(script)\"") == 0)
  }
}
