import Extension
import Testing

@Test func `the trusted source is port zero`() {
  #expect(SwitchPortID.trusted == SwitchPortID(rawValue: 0))
  #expect(SwitchNICIndex.only.rawValue == 0)
}
