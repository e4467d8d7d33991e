// Filter drivers and their modules: registration, attach, restart, pause, detach.
#include "Fake.h"

#include <stddef.h>

struct FakeState fake;

// Called as the entry of a library when a driver that imports it is loaded, before that driver's own.
ULONG_PTR NTAPI DriverEntry(PVOID module, ULONG_PTR reason) {
    if (reason == 1 /* DLL_PROCESS_ATTACH */) watchImporters();
    return 1;
}

struct FakeModule *moduleOf(NDIS_HANDLE handle, const char *who) {
    struct FakeModule *module = handle;
    if (module && module->magic == FAKE_MODULE_MAGIC) return module;
    complain("%s: %p is no filter handle", who, handle);
    return NULL;
}

// MARK: - Drivers

static void checkCharacteristics(const NDIS_FILTER_DRIVER_CHARACTERISTICS *c) {
    if (c->Header.Type != NDIS_OBJECT_TYPE_FILTER_DRIVER_CHARACTERISTICS) complain("characteristics: type %02x", c->Header.Type);
    if (c->Header.Size < offsetof(NDIS_FILTER_DRIVER_CHARACTERISTICS, DirectOidRequestHandler))
        complain("characteristics: %u bytes", c->Header.Size);
    if (c->MajorNdisVersion != 6 || c->MinorNdisVersion < 30)
        complain("characteristics: NDIS %u.%u has no extensible switch", c->MajorNdisVersion, c->MinorNdisVersion);
    if (!c->AttachHandler || !c->DetachHandler || !c->RestartHandler || !c->PauseHandler)
        complain("characteristics: a required handler is missing");
    if (!c->FriendlyName.Length || !c->UniqueName.Length || !c->ServiceName.Length) complain("characteristics: a name is missing");
    if (!c->SendNetBufferListsHandler != !c->SendNetBufferListsCompleteHandler && c->SendNetBufferListsHandler)
        complain("characteristics: a send handler without its completion");
    if (!c->OidRequestHandler != !c->OidRequestCompleteHandler) complain("characteristics: OID handlers come in pairs");
}

NTSYSAPI NDIS_STATUS NTAPI NdisFRegisterFilterDriver(
    PDRIVER_OBJECT driver, NDIS_HANDLE context, PNDIS_FILTER_DRIVER_CHARACTERISTICS characteristics, PNDIS_HANDLE handle) {
    if (fake.registered) {
        complain("NdisFRegisterFilterDriver: one driver at a time is simulated");
        return NDIS_STATUS_FAILURE;
    }
    checkCharacteristics(characteristics);
    fake.driver = driver;
    fake.driverContext = context;
    fakeZero(&fake.driverCharacteristics, sizeof fake.driverCharacteristics);
    fakeCopy(&fake.driverCharacteristics, characteristics,
             characteristics->Header.Size < sizeof fake.driverCharacteristics ? characteristics->Header.Size
                                                                              : sizeof fake.driverCharacteristics);
    fake.registered = TRUE;
    *handle = &fake;
    startWorker();
    NTSTATUS status = createControl();
    if (!NT_SUCCESS(status)) {
        DbgPrint("FakeNDIS: no control device: %08x\n", (unsigned)status);
        return NDIS_STATUS_FAILURE;
    }
    if (fake.driverCharacteristics.SetOptionsHandler) fake.driverCharacteristics.SetOptionsHandler(&fake, context);
    return NDIS_STATUS_SUCCESS;
}

static void checkNothingLeft(void) {
    struct FakeCounters *c = &fake.counters;
#define CHECK(name) \
    if (c->name) complain("the driver unloads with " #name " = %u", (unsigned)c->name)
    CHECK(livePools);
    CHECK(liveLists);
    CHECK(liveMdls);
    CHECK(liveContexts);
    CHECK(liveClones);
    CHECK(liveReferences);
    CHECK(liveLocks);
    CHECK(modules);
    if (registeredDevices()) complain("the driver unloads with a device registered");
    if (c->injected != c->returned)
        complain("the driver unloads with %u lists not returned", (unsigned)(c->injected - c->returned));
#undef CHECK
}

// What a test may have left held back.
void letGo(void) {
    fake.holdSends = fake.holdOIDs = 0;
    fake.sendsPace = 0;
    releaseHeld();
    endBetween();
}

// NDIS waits for ever with a driver that still has something of its: whoever tests it ends the whole system by force.
static void stayLoaded(void) {
    DbgPrint("FakeNDIS: the driver stays loaded, %u complaints\n", (unsigned)fake.counters.complaints);
    for (;;) sleepMilliseconds(1000);
}

NTSYSAPI VOID NTAPI NdisFDeregisterFilterDriver(NDIS_HANDLE handle) {
    if (handle != &fake || !fake.registered) {
        complain("NdisFDeregisterFilterDriver: %p is no driver handle", handle);
        return;
    }
    letGo();
    stopLife();
    joinBackground();
    // The switches are detached while packets still come.
    if (!deleteSwitches()) stayLoaded();
    stopLoad();
    stopScribbling();
    stopWorker();
    checkNothingLeft();
    deleteControl();
    fake.registered = FALSE;
}

// What a driver has allocated can be judged only when its own unloading is over.
static PDRIVER_UNLOAD driverUnload;

static VOID NTAPI unload(PDRIVER_OBJECT driver) {
    closeOpenFiles();
    driverUnload(driver);
    if (fake.registered) complain("the driver unloads without NdisFDeregisterFilterDriver");
    complainOfPoolMemory();
    DbgPrint("FakeNDIS: the driver is unloaded, %u complaints\n", (unsigned)fake.counters.complaints);
}

void watchUnload(void) {
    if (fake.driver->DriverUnload == unload) return;
    driverUnload = fake.driver->DriverUnload;
    fake.driver->DriverUnload = unload;
}

// MARK: - Modules

NDIS_STATUS attachFilter(struct FakeSwitch *owner) {
    static UNICODE_STRING guid = RTL_CONSTANT_STRING(L"{0A905000-0000-0000-0000-000000000001}-{FILTER}-0000");
    static UNICODE_STRING instance = RTL_CONSTANT_STRING(L"Hyper-V Virtual Switch Extension Adapter");
    static UNICODE_STRING miniport = RTL_CONSTANT_STRING(L"\\DEVICE\\{0A905000-0000-0000-0000-000000000002}");
    if (!fake.registered || owner->module) return NDIS_STATUS_INVALID_STATE;
    struct FakeModule *module = take(sizeof *module);
    module->magic = FAKE_MODULE_MAGIC;
    module->owner = owner;
    module->state = fakeAttaching;
    KeInitializeEvent(&module->changed, SynchronizationEvent, FALSE);

    NDIS_FILTER_ATTACH_PARAMETERS parameters;
    fakeZero(&parameters, sizeof parameters);
    parameters.Header.Type = NDIS_OBJECT_TYPE_FILTER_ATTACH_PARAMETERS;
    parameters.Header.Revision = NDIS_FILTER_ATTACH_PARAMETERS_REVISION_4;
    parameters.Header.Size = NDIS_SIZEOF_FILTER_ATTACH_PARAMETERS_REVISION_4;
    parameters.IfIndex = 100 + owner->number;
    parameters.FilterModuleGuidName = &guid;
    parameters.BaseMiniportInstanceName = &instance;
    parameters.BaseMiniportName = &miniport;
    parameters.MiniportMediaType = NdisMedium802_3;
    parameters.MacAddressLength = 6;
    LONG level = raiseForCall(FALSE);
    NDIS_STATUS status = fake.driverCharacteristics.AttachHandler(module, fake.driverContext, &parameters);
    checkAfterCall(level, FALSE, "FilterAttach");
    if (status != NDIS_STATUS_SUCCESS) {
        module->magic = 0;
        give(module, sizeof *module);
        return status;
    }
    if (!module->attributesSet) complain("FilterAttach without NdisFSetAttributes");
    module->state = fakePaused;
    fakeLock();
    owner->module = module;
    fakeUnlock();
    InterlockedIncrement64((LONG64 *)&fake.counters.modules);
    // A request that does not pass the module is over before the module asks what is there.
    struct FakePatience patience = {0};
    while (owner->passing && waitTurn(&patience, owner->passing));
    if (owner->passing) complain("%d requests that pass no module do not end", (int)owner->passing);
    return restartFilter(owner);
}

NTSYSAPI NDIS_STATUS NTAPI NdisFSetAttributes(NDIS_HANDLE handle, NDIS_HANDLE context, PNDIS_FILTER_ATTRIBUTES attributes) {
    struct FakeModule *module = moduleOf(handle, "NdisFSetAttributes");
    if (!module) return NDIS_STATUS_INVALID_PARAMETER;
    if (module->state != fakeAttaching) complain("NdisFSetAttributes: outside FilterAttach");
    if (attributes->Header.Type != NDIS_OBJECT_TYPE_FILTER_ATTRIBUTES)
        complain("NdisFSetAttributes: header type %02x", attributes->Header.Type);
    if (!context) complain("NdisFSetAttributes: no module context");
    module->context = context;
    module->attributesSet = TRUE;
    return NDIS_STATUS_SUCCESS;
}

NTSYSAPI NDIS_STATUS NTAPI NdisFGetOptionalSwitchHandlers(
    NDIS_HANDLE handle, PNDIS_SWITCH_CONTEXT context, PNDIS_SWITCH_OPTIONAL_HANDLERS handlers) {
    struct FakeModule *module = moduleOf(handle, "NdisFGetOptionalSwitchHandlers");
    if (!module) return NDIS_STATUS_INVALID_PARAMETER;
    if (handlers->Header.Type != NDIS_OBJECT_TYPE_SWITCH_OPTIONAL_HANDLERS ||
        handlers->Header.Size < NDIS_SIZEOF_SWITCH_OPTIONAL_HANDLERS_REVISION_1) {
        complain("NdisFGetOptionalSwitchHandlers: header %02x/%u/%u", handlers->Header.Type, handlers->Header.Revision,
                 handlers->Header.Size);
        return NDIS_STATUS_BAD_VERSION;
    }
    fillSwitchHandlers(handlers);
    *context = module->owner;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS callRestart(struct FakeModule *module) {
    NDIS_FILTER_RESTART_PARAMETERS parameters;
    fakeZero(&parameters, sizeof parameters);
    parameters.Header.Type = NDIS_OBJECT_TYPE_FILTER_RESTART_PARAMETERS;
    parameters.Header.Revision = NDIS_FILTER_RESTART_PARAMETERS_REVISION_1;
    parameters.Header.Size = sizeof parameters;
    parameters.MiniportMediaType = NdisMedium802_3;
    return fake.driverCharacteristics.RestartHandler(module->context, &parameters);
}

static NDIS_STATUS callPause(struct FakeModule *module) {
    NDIS_FILTER_PAUSE_PARAMETERS parameters;
    fakeZero(&parameters, sizeof parameters);
    parameters.Header.Type = NDIS_OBJECT_TYPE_FILTER_PAUSE_PARAMETERS;
    parameters.Header.Revision = NDIS_FILTER_PAUSE_PARAMETERS_REVISION_1;
    parameters.Header.Size = sizeof parameters;
    return fake.driverCharacteristics.PauseHandler(module->context, &parameters);
}

// What is left of a module's packets: in the driver's hands, below it, and in the queue in front of those.
static LONG64 leftOf(struct FakeModule *module) {
    return aheadOf(module->place) + module->inDriver + module->below;
}

static NDIS_STATUS waitForChange(struct FakeModule *module, const char *what) {
    struct FakePatience patience = {0};
    BOOLEAN changed;
    while (waitTurnFor(&module->changed, &patience, leftOf(module), &changed));
    if (changed) return module->changeStatus;
    complain("%s is not completed, and nothing moves", what);
    return NDIS_STATUS_FAILURE;
}

// Has the driver restart or pause a module, and waits until it says that it has.
static NDIS_STATUS changeModule(struct FakeModule *module, enum FakeModuleState during) {
    const char *what = during == fakeRestarting ? "FilterRestart" : "FilterPause";
    module->state = during;
    LONG level = raiseForCall(FALSE);
    NDIS_STATUS status = during == fakeRestarting ? callRestart(module) : callPause(module);
    checkAfterCall(level, FALSE, what);
    if (status != NDIS_STATUS_PENDING) return status;
    return waitForChange(module, what);
}

static BOOLEAN waitForLists(struct FakeModule *module) {
    struct FakePatience patience = {0};
    while ((module->inDriver || module->below) && waitTurn(&patience, leftOf(module)));
    if (!module->inDriver && !module->below) return TRUE;
    complain("paused with %d lists not returned, and %d of the driver's not completed", (int)module->inDriver,
             (int)module->below);
    return FALSE;
}

NDIS_STATUS restartFilter(struct FakeSwitch *owner) {
    struct FakeModule *module = owner->module;
    if (!module || module->state != fakePaused) return NDIS_STATUS_INVALID_STATE;
    NDIS_STATUS status = changeModule(module, fakeRestarting);
    module->state = status == NDIS_STATUS_SUCCESS ? fakeRunning : fakePaused;
    return status;
}

// A module whose pause does not end stays in it, and can be asked again.
NDIS_STATUS pauseFilter(struct FakeSwitch *owner) {
    struct FakeModule *module = owner->module;
    if (!module || (module->state != fakeRunning && module->state != fakePausing)) return NDIS_STATUS_INVALID_STATE;
    NDIS_STATUS status =
        module->state == fakeRunning ? changeModule(module, fakePausing) : waitForChange(module, "FilterPause");
    if (status != NDIS_STATUS_SUCCESS) return status;
    if (module->below) complain("paused with %d lists of the driver's not completed", (int)module->below);
    module->state = fakePaused;
    // Nobody above sends any more; what the switch forwards itself comes back as it is completed below.
    return waitForLists(module) ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE;
}

// The module to call, if there is one that may be; it stays until it is left.
struct FakeModule *enterModule(struct FakeSwitch *owner) {
    fakeLock();
    struct FakeModule *module = owner->module && !owner->module->closed ? owner->module : NULL;
    if (module) InterlockedIncrement(&module->callers);
    fakeUnlock();
    return module;
}

void exitModule(struct FakeModule *module) { InterlockedDecrement(&module->callers); }

// From now on nobody begins to call it; waits for those who are at it.
static BOOLEAN closeModule(struct FakeModule *module) {
    struct FakePatience patience = {0};
    fakeLock();
    module->closed = TRUE;
    fakeUnlock();
    while (module->callers && waitTurn(&patience, module->callers + leftOf(module)));
    if (!module->callers) return TRUE;
    complain("%d calls do not return", (int)module->callers);
    return FALSE;
}

// One that fails may be tried again.
NDIS_STATUS detachFilter(struct FakeSwitch *owner) {
    struct FakeModule *module = owner->module;
    if (!module) return NDIS_STATUS_INVALID_STATE;
    announceDetach(owner);
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;
    if (module->state == fakeRunning || module->state == fakePausing) status = pauseFilter(owner);
    // Whatever the driver still has would be called after its end: it is not detached, as NDIS would not.
    if (status != NDIS_STATUS_SUCCESS) return status;
    if (!closeModule(module) || !waitForLists(module)) return NDIS_STATUS_FAILURE;
    LONG level = raiseForCall(FALSE);
    fake.driverCharacteristics.DetachHandler(module->context);
    checkAfterCall(level, FALSE, "FilterDetach");
    if (module->below || module->inDriver) complain("detached with lists outstanding");
    for (struct FakePort *port = owner->ports; port; port = port->next) {
        if (port->references) complain("detached with references on port %u", (unsigned)port->parameters.PortId);
        for (struct FakeNIC *nic = port->nics; nic; nic = nic->next)
            if (nic->references) complain("detached with references on a NIC of port %u", (unsigned)port->parameters.PortId);
    }
    fakeLock();
    owner->module = NULL;
    fakeUnlock();
    module->state = fakeDetached;
    module->magic = 0;
    give(module, sizeof *module);
    InterlockedDecrement64((LONG64 *)&fake.counters.modules);
    return NDIS_STATUS_SUCCESS;
}

NTSYSAPI VOID NTAPI NdisFRestartComplete(NDIS_HANDLE handle, NDIS_STATUS status) {
    struct FakeModule *module = moduleOf(handle, "NdisFRestartComplete");
    if (!module) return;
    if (module->state != fakeRestarting) complain("NdisFRestartComplete: not restarting");
    module->changeStatus = status;
    KeSetEvent(&module->changed, 0, FALSE);
}

NTSYSAPI VOID NTAPI NdisFPauseComplete(NDIS_HANDLE handle) {
    struct FakeModule *module = moduleOf(handle, "NdisFPauseComplete");
    if (!module) return;
    if (module->state != fakePausing) complain("NdisFPauseComplete: not pausing");
    module->changeStatus = NDIS_STATUS_SUCCESS;
    KeSetEvent(&module->changed, 0, FALSE);
}

// MARK: - Events and indications

static NDIS_STATUS notify(struct FakeModule *module, NET_PNP_EVENT_CODE code, const char *name) {
    NET_PNP_EVENT_NOTIFICATION event;
    fakeZero(&event, sizeof event);
    event.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    event.Header.Revision = 1;
    event.Header.Size = sizeof event;
    event.NetPnPEvent.NetEvent = code;
    LONG before = module->eventsForwarded;
    LONG level = raiseForCall(FALSE);
    NDIS_STATUS status = fake.driverCharacteristics.NetPnPEventHandler(module->context, &event);
    checkAfterCall(level, FALSE, "FilterNetPnPEvent");
    if (module->eventsForwarded != before + 1) complain("%s was not forwarded once", name);
    return status;
}

NDIS_STATUS activateSwitch(struct FakeSwitch *owner) {
    owner->parameters.IsActive = TRUE;
    struct FakeModule *module = owner->module;
    if (!module || !fake.driverCharacteristics.NetPnPEventHandler) return NDIS_STATUS_SUCCESS;
    return notify(module, NetEventSwitchActivate, "NetEventSwitchActivate");
}

// Said once to a module, whatever state it is in, before it is paused for the last time.
NDIS_STATUS announceDetach(struct FakeSwitch *owner) {
    struct FakeModule *module = owner->module;
    if (!module || module->announced || !fake.driverCharacteristics.NetPnPEventHandler) return NDIS_STATUS_SUCCESS;
    module->announced = TRUE;
    return notify(module, NetEventFilterPreDetach, "NetEventFilterPreDetach");
}

NTSYSAPI NDIS_STATUS NTAPI NdisFNetPnPEvent(NDIS_HANDLE handle, PNET_PNP_EVENT_NOTIFICATION event) {
    struct FakeModule *module = moduleOf(handle, "NdisFNetPnPEvent");
    if (!module) return NDIS_STATUS_INVALID_PARAMETER;
    InterlockedIncrement(&module->eventsForwarded);
    return NDIS_STATUS_SUCCESS;
}

NTSYSAPI VOID NTAPI NdisFIndicateStatus(NDIS_HANDLE handle, PNDIS_STATUS_INDICATION indication) {
    moduleOf(handle, "NdisFIndicateStatus");
}
