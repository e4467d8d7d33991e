// Devices of the driver: NDIS makes them, and brings their requests to the driver's own functions.
#include "Fake.h"

#include "ndis6-device.h"

static struct FakeDevice {
    PDRIVER_OBJECT driver;
    PDEVICE_OBJECT object;
    UNICODE_STRING link;
    WCHAR linkText[128];
} device;

static BOOLEAN same(PCUNICODE_STRING text, const WCHAR *expected) {
    ULONG index = 0;
    while (expected[index] && index < text->Length / sizeof(WCHAR) && text->Buffer[index] == expected[index]) index++;
    return !expected[index] && index == text->Length / sizeof(WCHAR);
}

static void checkAttributes(const NDIS_DEVICE_OBJECT_ATTRIBUTES *a) {
    if (a->Header.Type != NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES) complain("device attributes: type %02x", a->Header.Type);
    if (a->Header.Revision != NDIS_DEVICE_OBJECT_ATTRIBUTES_REVISION_1)
        complain("device attributes: revision %u", a->Header.Revision);
    if (a->Header.Size < NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1) complain("device attributes: %u bytes", a->Header.Size);
    if (!a->DeviceName || !a->SymbolicName || !a->MajorFunctions) complain("device attributes: a name or the functions are missing");
    // Without it, everybody could open the device.
    if (!a->DefaultSDDLString)
        complain("device attributes: no security descriptor");
    else if (!same(a->DefaultSDDLString, L"D:P(A;;GA;;;SY)(A;;GA;;;BA)"))
        complain("device attributes: the security descriptor is not that of the system and administrators alone");
    if (a->DefaultSDDLString && !a->DeviceClassGuid) complain("device attributes: a security descriptor without a class");
}

NTSYSAPI NDIS_STATUS NTAPI NdisRegisterDeviceEx(
    NDIS_HANDLE handle, PNDIS_DEVICE_OBJECT_ATTRIBUTES attributes, PDEVICE_OBJECT *object, PNDIS_HANDLE result) {
    mustBePassive("NdisRegisterDeviceEx");
    if (handle != &fake || !fake.registered) {
        complain("NdisRegisterDeviceEx: %p is no driver handle", handle);
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    if (device.object) {
        complain("NdisRegisterDeviceEx: one device at a time is simulated");
        return NDIS_STATUS_FAILURE;
    }
    checkAttributes(attributes);
    fakeZero(&device, sizeof device);
    device.driver = fake.driver;
    if (attributes->SymbolicName->Length > sizeof device.linkText) return NDIS_STATUS_RESOURCES;
    fakeCopy(device.linkText, attributes->SymbolicName->Buffer, attributes->SymbolicName->Length);
    device.link.Buffer = device.linkText;
    device.link.Length = device.link.MaximumLength = attributes->SymbolicName->Length;
    for (ULONG index = 0; index <= IRP_MJ_MAXIMUM_FUNCTION; index++) {
        if (attributes->MajorFunctions[index]) device.driver->MajorFunction[index] = attributes->MajorFunctions[index];
    }
    NTSTATUS status = IoCreateDevice(
        device.driver, attributes->ExtensionSize, attributes->DeviceName, FILE_DEVICE_NETWORK, FILE_DEVICE_SECURE_OPEN, FALSE,
        &device.object);
    if (!NT_SUCCESS(status)) return status;
    device.object->Flags &= ~DO_DEVICE_INITIALIZING;
    status = IoCreateSymbolicLink(&device.link, attributes->DeviceName);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device.object);
        device.object = NULL;
        return status;
    }
    *object = device.object;
    *result = &device;
    return NDIS_STATUS_SUCCESS;
}

NTSYSAPI VOID NTAPI NdisDeregisterDeviceEx(NDIS_HANDLE handle) {
    mustBePassive("NdisDeregisterDeviceEx");
    if (handle != &device || !device.object) {
        complain("NdisDeregisterDeviceEx: %p is no device", handle);
        return;
    }
    IoDeleteSymbolicLink(&device.link);
    IoDeleteDevice(device.object);
    device.object = NULL;
}

NTSYSAPI PVOID NTAPI NdisGetDeviceReservedExtension(PDEVICE_OBJECT object) {
    if (object != device.object) complain("NdisGetDeviceReservedExtension: not a device of NDIS");
    return object->DeviceExtension;
}
