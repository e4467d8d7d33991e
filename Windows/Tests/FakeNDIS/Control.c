// The control device, on a driver object of its own so that the driver under test keeps its dispatch table.
#include "Fake.h"

__declspec(dllimport) NTSTATUS NTAPI IoCreateDriver(PUNICODE_STRING name, PDRIVER_INITIALIZE initialize);
__declspec(dllimport) VOID NTAPI IoDeleteDriver(PDRIVER_OBJECT driver);

#define WAITER_LIMIT 8

PDRIVER_OBJECT controlDriver;
static PDEVICE_OBJECT controlDevice;
static UNICODE_STRING driverName = RTL_CONSTANT_STRING(L"\\Driver\\FakeNdis");
static UNICODE_STRING deviceName = RTL_CONSTANT_STRING(L"\\Device\\FakeNdis");
static UNICODE_STRING linkName = RTL_CONSTANT_STRING(L"\\DosDevices\\FakeNdis");

static PIRP waiters[WAITER_LIMIT];
static BOOLEAN woken;

static NTSTATUS finish(PIRP irp, NTSTATUS status, ULONG_PTR information) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

// MARK: - Waiting for frames

static void NTAPI cancelWait(PDEVICE_OBJECT device, PIRP irp) {
    IoReleaseCancelSpinLock(irp->CancelIrql);
    fakeLock();
    for (ULONG index = 0; index < WAITER_LIMIT; index++)
        if (waiters[index] == irp) waiters[index] = NULL;
    fakeUnlock();
    finish(irp, STATUS_CANCELLED, 0);
}

void wakeWaiters(void) {
    BOOLEAN any = FALSE;
    for (ULONG index = 0; index < WAITER_LIMIT; index++) {
        fakeLock();
        PIRP irp = waiters[index];
        if (irp && !IoSetCancelRoutine(irp, NULL)) irp = NULL;
        if (irp) waiters[index] = NULL;
        fakeUnlock();
        if (irp) {
            finish(irp, STATUS_SUCCESS, 0);
            any = TRUE;
        }
    }
    if (!any) woken = TRUE;
}

static NTSTATUS waitForFrames(PIRP irp) {
    fakeLock();
    BOOLEAN at_once = woken;
    woken = FALSE;
    fakeUnlock();
    if (at_once) return finish(irp, STATUS_SUCCESS, 0);
    fakeLock();
    ULONG index = 0;
    while (index < WAITER_LIMIT && waiters[index]) index++;
    if (index < WAITER_LIMIT) {
        IoMarkIrpPending(irp);
        waiters[index] = irp;
        IoSetCancelRoutine(irp, cancelWait);
    }
    fakeUnlock();
    return index < WAITER_LIMIT ? STATUS_PENDING : finish(irp, STATUS_INSUFFICIENT_RESOURCES, 0);
}

// MARK: - Commands

static NDIS_STATUS command(const struct FakeCommand *command, ULONG *value) {
    if (command->operation & FAKE_IN_BACKGROUND) return startInBackground(command);
    switch (command->operation) {
    case fakeVeto:
        fake.vetoedOID = command->value;
        fake.vetoCount = command->flags;
        return NDIS_STATUS_SUCCESS;
    case fakeRefuseReferences: fake.refusedReferences = command->value; return NDIS_STATUS_SUCCESS;
    case fakeOIDsPend: fake.oidsPend = (LONG)command->value; return NDIS_STATUS_SUCCESS;
    case fakeSendsPend: fake.sendsPend = (LONG)command->value; return NDIS_STATUS_SUCCESS;
    case fakeHoldSends:
        fake.holdSends = (LONG)command->value;
        if (!command->value) releaseHeld();
        return NDIS_STATUS_SUCCESS;
    case fakeHoldOIDs:
        fake.holdOIDs = (LONG)command->value;
        if (!command->value) releaseHeld();
        return NDIS_STATUS_SUCCESS;
    case fakeEndBackground: return endInBackground(command->value, value);
    case fakeLoadStart: return startLoad(&command->place, command->value);
    case fakeLoadStop: *value = stopLoad(); return NDIS_STATUS_SUCCESS;
    case fakeLifeStart: return startLife(command);
    case fakeLifeStop: *value = stopLife(); return NDIS_STATUS_SUCCESS;
    case fakeFailAllocations:
        fake.allocationNumber = 0;
        fake.poolFails = command->flags != 0;
        fake.allocationsFailEvery = (LONG)command->value;
        return NDIS_STATUS_SUCCESS;
    case fakeBetween: return planBetween(command);
    case fakeBetweenEnd: *value = endBetween(); return NDIS_STATUS_SUCCESS;
    case fakeStop:
        if (command->flags == FAKE_STOP_ABOVE)
            fake.stopAbove = command->value;
        else
            fake.stopBelow = command->value;
        return NDIS_STATUS_SUCCESS;
    case fakeQuiesce: *value = quiesce(); return NDIS_STATUS_SUCCESS;
    case fakePaceSends: fake.sendsPace = command->value; return NDIS_STATUS_SUCCESS;
    case fakeLoseSends: fake.sendsLost = (LONG)command->value; return NDIS_STATUS_SUCCESS;
    case fakePatience: fake.patience = command->value; return NDIS_STATUS_SUCCESS;
    case fakeForgive: *value = forgive(); return NDIS_STATUS_SUCCESS;
    case fakeLetGo:
        letGo();
        fake.patience = 0;
        stopLife();
        stopLoad();
        return NDIS_STATUS_SUCCESS;
    }
    return commandSwitch(command, value);
}

static void rememberInjection(const struct FakeInjection *injection, ULONG size) {
    struct FakeInjection *copy = ExAllocatePoolWithTag(NonPagedPool, size, FAKE_TAG);
    fakeCopy(copy, injection, size);
    fakeLock();
    struct FakeSwitch *owner = switchNumbered(injection->place.switchNumber);
    struct FakeNIC *nic = owner ? findNIC(owner, injection->place.port, injection->place.nic) : NULL;
    struct FakeInjection *old = nic ? nic->lastInjection : copy;
    if (nic) nic->lastInjection = copy;
    fakeUnlock();
    if (old) ExFreePoolWithTag(old, FAKE_TAG);
}

static NTSTATUS injectFrame(PIRP irp, PVOID buffer, ULONG inCount, ULONG outCount) {
    if (inCount <= sizeof(struct FakeInjection) || outCount < sizeof(struct FakeReply))
        return finish(irp, STATUS_INVALID_PARAMETER, 0);
    struct FakeReply reply = {0, 0};
    struct FakeInjection *injection = buffer;
    uint32_t sent = 0;
    if (injection->byteCount <= inCount - sizeof *injection) rememberInjection(injection, inCount);
    ULONG count = 0;
    reply.status = inject(injection, (PUCHAR)(injection + 1), inCount - sizeof *injection, &count);
    sent = count;
    reply.value = sent;
    fakeCopy(buffer, &reply, sizeof reply);
    return finish(irp, STATUS_SUCCESS, sizeof reply);
}

static NTSTATUS runCommand(PIRP irp, PVOID buffer, ULONG inCount, ULONG outCount) {
    if (inCount != sizeof(struct FakeCommand) || outCount < sizeof(struct FakeReply))
        return finish(irp, STATUS_INVALID_PARAMETER, 0);
    struct FakeReply reply = {0, 0};
    ULONG value = 0;
    reply.status = command(buffer, &value);
    reply.value = value;
    fakeCopy(buffer, &reply, sizeof reply);
    return finish(irp, STATUS_SUCCESS, sizeof reply);
}

static NTSTATUS collectFrames(PIRP irp, PVOID buffer, ULONG inCount, ULONG outCount) {
    if (inCount < sizeof(struct FakePlace)) return finish(irp, STATUS_INVALID_PARAMETER, 0);
    struct FakePlace place = *(struct FakePlace *)buffer;
    return finish(irp, STATUS_SUCCESS, collect(&place, buffer, outCount));
}

static NTSTATUS control(PIRP irp) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    ULONG inCount = stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG outCount = stack->Parameters.DeviceIoControl.OutputBufferLength;
    PVOID buffer = irp->AssociatedIrp.SystemBuffer;
    switch (stack->Parameters.DeviceIoControl.IoControlCode) {
    case FAKE_IOCTL_COMMAND: return runCommand(irp, buffer, inCount, outCount);
    case FAKE_IOCTL_INJECT: return injectFrame(irp, buffer, inCount, outCount);
    case FAKE_IOCTL_COLLECT: return collectFrames(irp, buffer, inCount, outCount);
    case FAKE_IOCTL_WAIT: return waitForFrames(irp);
    case FAKE_IOCTL_COUNTERS:
        if (outCount < sizeof fake.counters) return finish(irp, STATUS_BUFFER_TOO_SMALL, 0);
        fakeCopy(buffer, &fake.counters, sizeof fake.counters);
        return finish(irp, STATUS_SUCCESS, sizeof fake.counters);
    case FAKE_IOCTL_COMPLAINTS: return finish(irp, STATUS_SUCCESS, takeComplaints(buffer, outCount));
    case FAKE_IOCTL_FILTERED: return finish(irp, STATUS_SUCCESS, takeFiltered(buffer, outCount));
    }
    return finish(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp) {
    if (device != controlDevice) return dispatchDevice(device, irp);
    if (IoGetCurrentIrpStackLocation(irp)->MajorFunction == IRP_MJ_DEVICE_CONTROL) return control(irp);
    watchUnload();
    return finish(irp, STATUS_SUCCESS, 0);
}

// MARK: - Life

static NTSTATUS NTAPI initialize(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    controlDriver = driver;
    for (ULONG major = 0; major <= IRP_MJ_MAXIMUM_FUNCTION; major++) driver->MajorFunction[major] = dispatch;
    NTSTATUS status = IoCreateDevice(driver, 0, &deviceName, FAKE_DEVICE_TYPE, 0, FALSE, &controlDevice);
    if (!NT_SUCCESS(status)) return status;
    controlDevice->Flags &= ~DO_DEVICE_INITIALIZING;
    return IoCreateSymbolicLink(&linkName, &deviceName);
}

NTSTATUS createControl(void) { return IoCreateDriver(&driverName, initialize); }

void deleteControl(void) {
    wakeWaiters();
    IoDeleteSymbolicLink(&linkName);
    if (controlDevice) IoDeleteDevice(controlDevice);
    controlDevice = NULL;
    if (controlDriver) IoDeleteDriver(controlDriver);
    controlDriver = NULL;
}
