// Devices that the driver offers to user mode by NdisRegisterDeviceEx. They hang on the driver object of the control device,
// which passes each request on to the dispatch table of the device that it is for.
#include "Fake.h"

#include "ndis6-device.h"

#define DEVICE_LIMIT 8
#define FILE_LIMIT 1024u

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
    BOOLEAN closing;
} files[FILE_LIMIT];
static PIRP closer;  // of a file that is closed here

static void noteOpen(PDEVICE_OBJECT object, PFILE_OBJECT file) {
    fakeLock();
    ULONG index = 0;
    while (index < FILE_LIMIT && files[index].file) index++;
    if (index < FILE_LIMIT) {
        files[index].object = object;
        files[index].file = file;
        files[index].closing = FALSE;
    }
    fakeUnlock();
    if (index == FILE_LIMIT) complain("more than %u files are open", FILE_LIMIT);
}

// Whether a file is still there; its end begins with this, or is over.
static BOOLEAN noteEnd(PFILE_OBJECT file, BOOLEAN over) {
    BOOLEAN found = FALSE;
    fakeLock();
    for (ULONG index = 0; index < FILE_LIMIT && !found; index++) {
        if (files[index].file != file) continue;
        found = TRUE;
        files[index].closing = TRUE;
        if (over) files[index].file = NULL;
    }
    fakeUnlock();
    return found;
}

NTSTATUS dispatchDevice(PDEVICE_OBJECT object, PIRP irp) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    UCHAR major = stack->MajorFunction;
    for (ULONG index = 0; index < DEVICE_LIMIT; index++) {
        struct FakeDevice *device = devices[index];
        if (!device || device->object != object || !device->dispatch[major]) continue;
        PFILE_OBJECT file = stack->FileObject;
        BOOLEAN ends = major == IRP_MJ_CLEANUP || major == IRP_MJ_CLOSE;
        // What was closed at an unload is closed again by whoever had it open, when the driver knows it no more.
        if (ends && irp != closer && !noteEnd(file, FALSE)) break;
        LONG level = raiseForCall(FALSE);
        NTSTATUS status = device->dispatch[major](object, irp);
        checkAfterCall(level, FALSE, "a dispatch routine");
        if (major == IRP_MJ_CREATE && NT_SUCCESS(status)) noteOpen(object, file);
        if (major == IRP_MJ_CLOSE) noteEnd(file, TRUE);
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
    closer = irp;
    IoCallDriver(object, irp);
    closer = NULL;
}

// A file that nobody closes yet, from now on to be closed here; or none, and whether there are others.
static PFILE_OBJECT takeOpen(PDEVICE_OBJECT *object, BOOLEAN *others) {
    PFILE_OBJECT file = NULL;
    *others = FALSE;
    fakeLock();
    for (ULONG index = 0; index < FILE_LIMIT && !file; index++) {
        if (files[index].file && files[index].closing) *others = TRUE;
        if (!files[index].file || files[index].closing) continue;
        file = files[index].file;
        *object = files[index].object;
        files[index].file = NULL;
    }
    fakeUnlock();
    return file;
}

static ULONG openFiles(void) {
    ULONG count = 0;
    for (ULONG index = 0; index < FILE_LIMIT; index++) count += files[index].file != NULL;
    return count;
}

// The I/O manager unloads a driver once nobody has a device of its open. Wine does not wait, so that whoever has is made to
// close it now, as if its program had ended.
void closeOpenFiles(void) {
    struct FakePatience patience = {0};
    for (;;) {
        BOOLEAN others;
        PDEVICE_OBJECT object;
        PFILE_OBJECT file = takeOpen(&object, &others);
        if (!file && !others) return;
        if (file) {
            request(object, file, IRP_MJ_CLEANUP);
            request(object, file, IRP_MJ_CLOSE);
        } else if (!waitTurn(&patience, openFiles())) {
            break;
        }
    }
    complain("a device is not closed, and nothing moves");
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
