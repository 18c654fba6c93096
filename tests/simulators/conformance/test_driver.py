"""No driver can do nothing, and says so."""

import pytest
import pytest_twisted

from simulators.conformance.driver import DriverFailed, Identified, NoDriver

WHO = Identified("00A0C5", "", "SN-1", "Device.")


def test_a_device_without_product_class_is_named_without_it():
    assert (WHO.key, Identified("00A0C5", "A-B c", "1", "Device.").key) == ("00A0C5-SN%2D1", "00A0C5-A%2DB%20c-1")


@pytest_twisted.ensureDeferred
async def test_no_driver_refuses_every_action():
    driver = NoDriver()
    await driver.open()
    await driver.prepare(WHO)
    assert not driver.capabilities
    with pytest.raises(DriverFailed, match="restart the device"):
        await driver.ask(WHO, "reboot")
    assert (await driver.outcome(None)).state == "pending"
