// Devices that the driver offers to user mode by NdisRegisterDeviceEx. They hang on the driver object of the control device,
// which passes each request on to the dispatch table of the device that it is for.
#include "Fake.h"

#include "ndis6-device.h"

#define DEVICE_LIMIT 8
#define FILE_LIMIT 256

struct FakeDevice {
    PDEVICE_OBJECT object;
    PDRIVER_DISPATCH dispatch[IRP_MJ_MAXIMUM_FUNCTION + 1];
    UNICODE_STRING link;
    WCHAR linkText[128];
};

static struct FakeDevice *devices[DEVICE_LIMIT];

// What is open: a driver is not unloaded before it is closed.
static struct {
    PDEVICE_OBJECT object;
    PFILE_OBJECT file;
} files[FILE_LIMIT];

static void noteOpen(PDEVICE_OBJECT object, PFILE_OBJECT file) {
    fakeLock();
    ULONG index = 0;
    while (index < FILE_LIMIT && files[index].file) index++;
    if (index < FILE_LIMIT) files[index].object = object;
    if (index < FILE_LIMIT) files[index].file = file;
    fakeUnlock();
}

static void noteClosed(PFILE_OBJECT file) {
    fakeLock();
    for (ULONG index = 0; index < FILE_LIMIT; index++)
        if (files[index].file == file) files[index].file = NULL;
    fakeUnlock();
}

NTSTATUS dispatchDevice(PDEVICE_OBJECT object, PIRP irp) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    UCHAR major = stack->MajorFunction;
    for (ULONG index = 0; index < DEVICE_LIMIT; index++) {
        struct FakeDevice *device = devices[index];
        if (!device || device->object != object || !device->dispatch[major]) continue;
        PFILE_OBJECT file = stack->FileObject;
        LONG level = raiseForCall(FALSE);
        NTSTATUS status = device->dispatch[major](object, irp);
        checkAfterCall(level, FALSE, "a dispatch routine");
        if (major == IRP_MJ_CREATE && NT_SUCCESS(status)) noteOpen(object, file);
        if (major == IRP_MJ_CLOSE) noteClosed(file);
        return status;
    }
    irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_INVALID_DEVICE_REQUEST;
}

static void request(PDEVICE_OBJECT object, PFILE_OBJECT file, UCHAR major) {
    PIRP irp = IoAllocateIrp(1, FALSE);
    PIO_STACK_LOCATION stack = IoGetNextIrpStackLocation(irp);
    stack->MajorFunction = major;
    stack->FileObject = file;
    IoCallDriver(object, irp);
}

// The I/O manager unloads a driver once nobody has a device of its open. Wine does not wait, so that whoever has is made to
// close it now, as if its program had ended.
void closeOpenFiles(void) {
    for (ULONG index = 0; index < FILE_LIMIT; index++) {
        PFILE_OBJECT file = files[index].file;
        if (!file) continue;
        request(files[index].object, file, IRP_MJ_CLEANUP);
        request(files[index].object, file, IRP_MJ_CLOSE);
    }
}

static void copyLink(struct FakeDevice *device, PCUNICODE_STRING name) {
    USHORT length = name->Length < sizeof device->linkText ? name->Length : sizeof device->linkText;
    fakeCopy(device->linkText, name->Buffer, length);
    device->link.Buffer = device->linkText;
    device->link.Length = device->link.MaximumLength = length;
}

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
    checkAttributes(attributes);
    ULONG index = 0;
    while (index < DEVICE_LIMIT && devices[index]) index++;
    if (index == DEVICE_LIMIT) return NDIS_STATUS_RESOURCES;
    struct FakeDevice *device = take(sizeof *device);
    fakeCopy(device->dispatch, attributes->MajorFunctions, sizeof device->dispatch);
    copyLink(device, attributes->SymbolicName);
    NTSTATUS status = IoCreateDevice(
        controlDriver, attributes->ExtensionSize, attributes->DeviceName, FILE_DEVICE_NETWORK, FILE_DEVICE_SECURE_OPEN, FALSE,
        &device->object);
    if (NT_SUCCESS(status)) status = IoCreateSymbolicLink(&device->link, attributes->DeviceName);
    if (!NT_SUCCESS(status)) {
        complain("NdisRegisterDeviceEx: status %08x", (unsigned)status);
        give(device, sizeof *device);
        return status;
    }
    devices[index] = device;
    device->object->Flags |= DO_DIRECT_IO;
    device->object->Flags &= ~DO_DEVICE_INITIALIZING;
    *object = device->object;
    *result = device;
    return NDIS_STATUS_SUCCESS;
}

NTSYSAPI VOID NTAPI NdisDeregisterDeviceEx(NDIS_HANDLE handle) {
    mustBePassive("NdisDeregisterDeviceEx");
    for (ULONG index = 0; index < DEVICE_LIMIT; index++) {
        struct FakeDevice *device = devices[index];
        if (!device || device != handle) continue;
        devices[index] = NULL;
        IoDeleteSymbolicLink(&device->link);
        IoDeleteDevice(device->object);
        give(device, sizeof *device);
        return;
    }
    complain("NdisDeregisterDeviceEx: %p is no device handle", handle);
}

ULONG registeredDevices(void) {
    ULONG count = 0;
    for (ULONG index = 0; index < DEVICE_LIMIT; index++) count += devices[index] != NULL;
    return count;
}

NTSYSAPI PVOID NTAPI NdisGetDeviceReservedExtension(PDEVICE_OBJECT object) { return object->DeviceExtension; }
