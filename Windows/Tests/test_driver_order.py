#!/usr/bin/env python3
"""What may happen in any order: the driver's threads, pauses and detaches, requests while the driver learns, saving."""

import unittest

from datapath import output
from driver import DriverTestCase, frame


class Pauses(DriverTestCase):
    """Whatever is under way when a switch pauses, NDIS is told once, and nobody looks at the module afterwards."""

    def test_a_switch_comes_and_goes_while_another_sends_to_it(self):
        first = self.host.switch("one").vm("one", "port1")
        switch = self.host.switch("two")
        second = switch.vm("two", "port2")
        datapath = self.datapath()
        one, two = datapath.add_port("port1"), datapath.add_port("port2")
        datapath.add_flow(one, output(two))
        packet = frame(second.mac, first.mac)
        for pending in (0, 1):
            self.host.ask("sends-pend", value=pending)
            first.inject(packet, lists=4)
            first.ask("load-start", value=2)
            for _ in range(25):
                switch.detach()
                switch.attach()
                switch.pause()
                switch.restart()
                second.collect()
            self.assertGreater(int(self.host.ask("load-stop")), 0)
            self.assertEqual(self.host.quiesce(), 0)
            while second.collect():
                pass
            first.inject(packet)
            self.assertEqual(len(second.collect_within(1)), 1)

    def test_a_pause_waits_for_what_is_below(self):
        datapath, first, second, one, two = self.two_machines()
        datapath.add_flow(one, output(two))
        switch = first.switch
        for _ in range(10):
            self.host.ask("sends-pend", value=1)
            first.inject(frame(second.mac, first.mac), lists=4, buffers=3)
            switch.pause()
            switch.restart()
        switch.detach()


if __name__ == "__main__":
    unittest.main()
