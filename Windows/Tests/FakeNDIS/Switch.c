// Switches, ports and NICs, and the sequences of requests that their lives come to.
#include "Fake.h"

struct FakeSwitch *switchNumbered(ULONG number) {
    for (struct FakeSwitch *owner = fake.switches; owner; owner = owner->next)
        if (owner->number == number) return owner;
    return NULL;
}

struct FakePort *findPort(struct FakeSwitch *owner, ULONG number) {
    for (struct FakePort *port = owner->ports; port; port = port->next)
        if (port->parameters.PortId == number) return port;
    return NULL;
}

struct FakeNIC *findNIC(struct FakeSwitch *owner, ULONG number, ULONG index) {
    struct FakePort *port = findPort(owner, number);
    for (struct FakeNIC *nic = port ? port->nics : NULL; nic; nic = nic->next)
        if (nic->parameters.NicIndex == index) return nic;
    return NULL;
}

BOOLEAN isExternal(struct FakeSwitch *owner, ULONG number) {
    struct FakePort *port = findPort(owner, number);
    return port && port->parameters.PortType == NdisSwitchPortTypeExternal;
}

static void setString(IF_COUNTED_STRING *string, const uint16_t *text) {
    ULONG count = 0;
    for (; text[count] && count < IF_MAX_STRING_SIZE; count++) string->String[count] = text[count];
    string->String[count] = 0;
    string->Length = (USHORT)(2 * count);
}

static void setHeader(NDIS_OBJECT_HEADER *header, UCHAR revision, ULONG size) {
    header->Type = NDIS_OBJECT_TYPE_DEFAULT;
    header->Revision = revision;
    header->Size = (USHORT)size;
}

// MARK: - Switches

static NDIS_STATUS createSwitch(const struct FakeCommand *command) {
    static const uint16_t prefix[] = {'{', 'S', 'W', 'I', 'T', 'C', 'H', '-', 0};
    if (switchNumbered(command->place.switchNumber)) return NDIS_STATUS_INVALID_STATE;
    struct FakeSwitch *owner = take(sizeof *owner);
    owner->magic = FAKE_SWITCH_MAGIC;
    owner->number = command->place.switchNumber;
    setHeader(&owner->parameters.Header, NDIS_SWITCH_PARAMETERS_REVISION_1, sizeof owner->parameters);
    setString(&owner->parameters.SwitchName, prefix);
    owner->parameters.SwitchName.String[8] = (WCHAR)('0' + owner->number % 10);
    owner->parameters.SwitchName.String[9] = '}';
    owner->parameters.SwitchName.Length = 20;
    setString(&owner->parameters.SwitchFriendlyName, command->name);
    owner->parameters.IsActive = !(command->flags & FAKE_SWITCH_INACTIVE);
    fakeLock();
    owner->next = fake.switches;
    fake.switches = owner;
    fakeUnlock();
    return NDIS_STATUS_SUCCESS;
}

static void freeNIC(struct FakeNIC *nic) {
    freeQueue(nic);
    if (nic->lastInjection) ExFreePoolWithTag(nic->lastInjection, FAKE_TAG);
    give(nic, sizeof *nic);
}

static void removeNIC(struct FakeNIC *nic) {
    fakeLock();
    for (struct FakeNIC **link = &nic->port->nics; *link; link = &(*link)->next)
        if (*link == nic) {
            *link = nic->next;
            break;
        }
    fakeUnlock();
    freeNIC(nic);
}

static void removePort(struct FakePort *port) {
    while (port->nics) removeNIC(port->nics);
    fakeLock();
    for (struct FakePort **link = &port->owner->ports; *link; link = &(*link)->next)
        if (*link == port) {
            *link = port->next;
            break;
        }
    fakeUnlock();
    give(port, sizeof *port);
}

static NDIS_STATUS deleteSwitch(struct FakeSwitch *owner) {
    NDIS_STATUS status = owner->module ? detachFilter(owner) : NDIS_STATUS_SUCCESS;
    if (status != NDIS_STATUS_SUCCESS) return status;
    while (owner->ports) removePort(owner->ports);
    fakeLock();
    for (struct FakeSwitch **link = &fake.switches; *link; link = &(*link)->next)
        if (*link == owner) {
            *link = owner->next;
            break;
        }
    fakeUnlock();
    owner->magic = 0;
    give(owner, sizeof *owner);
    return NDIS_STATUS_SUCCESS;
}

// Whether the driver lets go of all of them.
BOOLEAN deleteSwitches(void) {
    while (fake.switches)
        if (deleteSwitch(fake.switches) != NDIS_STATUS_SUCCESS) return FALSE;
    return TRUE;
}

// MARK: - Ports

static NDIS_STATUS setRequest(struct FakeSwitch *owner, NDIS_OID oid, PVOID buffer, ULONG size) {
    return issueRequest(owner, NdisRequestSetInformation, oid, buffer, size, 0, NULL);
}

// The driver gets a copy, as it would: the parameters are the switch's own.
static NDIS_STATUS portRequest(struct FakePort *port, NDIS_OID oid) {
    NDIS_SWITCH_PORT_PARAMETERS *copy = take(sizeof *copy);
    *copy = port->parameters;
    NDIS_STATUS status = setRequest(port->owner, oid, copy, sizeof *copy);
    give(copy, sizeof *copy);
    return status;
}

static NDIS_STATUS createPort(struct FakeSwitch *owner, const struct FakeCommand *command) {
    if (findPort(owner, command->place.port)) return NDIS_STATUS_INVALID_STATE;
    struct FakePort *port = take(sizeof *port);
    port->owner = owner;
    setHeader(&port->parameters.Header, NDIS_SWITCH_PORT_PARAMETERS_REVISION_1, sizeof port->parameters);
    port->parameters.PortId = command->place.port;
    setString(&port->parameters.PortName, command->name);
    setString(&port->parameters.PortFriendlyName, command->friendlyName);
    port->parameters.PortType = command->type;
    port->parameters.PortState = NdisSwitchPortStateCreated;
    fakeLock();
    port->next = owner->ports;
    owner->ports = port;
    fakeUnlock();
    NDIS_STATUS status = portRequest(port, OID_SWITCH_PORT_CREATE);
    if (status != NDIS_STATUS_SUCCESS) removePort(port);
    return status;
}

static NDIS_STATUS updatePort(struct FakePort *port, const struct FakeCommand *command) {
    setString(&port->parameters.PortFriendlyName, command->friendlyName);
    return portRequest(port, OID_SWITCH_PORT_UPDATED);
}

static NDIS_STATUS tearDownPort(struct FakePort *port) {
    if (port->nics) return NDIS_STATUS_INVALID_STATE;
    port->parameters.PortState = NdisSwitchPortStateTeardown;
    NDIS_STATUS status = portRequest(port, OID_SWITCH_PORT_TEARDOWN);
    port->tornDown = TRUE;
    return status;
}

// While there are references the switch does not begin to delete; a driver that keeps them for ever is complained of.
static void waitForReferences(const LONG *references, const char *what, ULONG port) {
    volatile const LONG *held = references;
    struct FakePatience patience = {0};
    while (*held && waitTurn(&patience, *held));
    if (*held) complain("%s of port %u: %d references stay", what, (unsigned)port, (int)*held);
}

static NDIS_STATUS deletePort(struct FakePort *port) {
    if (!port->tornDown) return NDIS_STATUS_INVALID_STATE;
    waitForReferences(&port->references, "the end", port->parameters.PortId);
    port->parameters.PortState = NdisSwitchPortStateDeleted;
    NDIS_STATUS status = portRequest(port, OID_SWITCH_PORT_DELETE);
    removePort(port);
    return status;
}

// What Hyper-V's own policies (VLAN, security, bandwidth) send; an extension that does not know them passes them on.
static NDIS_STATUS changeProperty(struct FakePort *port, const struct FakeCommand *command) {
    static const NDIS_OID oids[] = {
        0, OID_SWITCH_PORT_PROPERTY_ADD, OID_SWITCH_PORT_PROPERTY_UPDATE, OID_SWITCH_PORT_PROPERTY_DELETE};
    union {
        NDIS_SWITCH_PORT_PROPERTY_PARAMETERS change;
        NDIS_SWITCH_PORT_PROPERTY_DELETE_PARAMETERS removal;
        UCHAR bytes[256];
    } *property;
    if (command->value < 1 || command->value > 3) return NDIS_STATUS_INVALID_PARAMETER;
    property = take(sizeof *property);
    if (command->value == FAKE_PROPERTY_DELETE) {
        setHeader(&property->removal.Header, NDIS_SWITCH_PORT_PROPERTY_DELETE_PARAMETERS_REVISION_1, sizeof property->removal);
        property->removal.PortId = port->parameters.PortId;
        property->removal.PropertyType = NdisSwitchPortPropertyTypeVlan;
    } else {
        setHeader(&property->change.Header, NDIS_SWITCH_PORT_PROPERTY_PARAMETERS_REVISION_1, sizeof property->change);
        property->change.PortId = port->parameters.PortId;
        property->change.PropertyType = NdisSwitchPortPropertyTypeVlan;
        property->change.PropertyBufferOffset = sizeof property->change;
        property->change.PropertyBufferLength = sizeof *property - sizeof property->change;
    }
    NDIS_STATUS status = setRequest(port->owner, oids[command->value], property, sizeof *property);
    give(property, sizeof *property);
    return status;
}

static NDIS_STATUS changeSwitchProperty(struct FakeSwitch *owner, ULONG change) {
    static const NDIS_OID oids[] = {
        0, OID_SWITCH_PROPERTY_ADD, OID_SWITCH_PROPERTY_UPDATE, OID_SWITCH_PROPERTY_DELETE};
    union {
        NDIS_SWITCH_PROPERTY_PARAMETERS change;
        NDIS_SWITCH_PROPERTY_DELETE_PARAMETERS removal;
        UCHAR bytes[256];
    } *property;
    if (change < 1 || change > 3) return NDIS_STATUS_INVALID_PARAMETER;
    property = take(sizeof *property);
    if (change == FAKE_PROPERTY_DELETE) {
        setHeader(&property->removal.Header, NDIS_SWITCH_PROPERTY_DELETE_PARAMETERS_REVISION_1, sizeof property->removal);
        property->removal.PropertyType = NdisSwitchPropertyTypeCustom;
    } else {
        setHeader(&property->change.Header, NDIS_SWITCH_PROPERTY_PARAMETERS_REVISION_1, sizeof property->change);
        property->change.PropertyType = NdisSwitchPropertyTypeCustom;
        property->change.PropertyBufferOffset = sizeof property->change;
        property->change.PropertyBufferLength = sizeof *property - sizeof property->change;
    }
    NDIS_STATUS status = setRequest(owner, oids[change], property, sizeof *property);
    give(property, sizeof *property);
    return status;
}

// MARK: - NICs

static NDIS_STATUS nicRequestAs(struct FakeNIC *nic, NDIS_OID oid, NDIS_SWITCH_NIC_STATE state) {
    NDIS_SWITCH_NIC_PARAMETERS *copy = take(sizeof *copy);
    *copy = nic->parameters;
    copy->NicState = state;
    NDIS_STATUS status = setRequest(nic->port->owner, oid, copy, sizeof *copy);
    give(copy, sizeof *copy);
    return status;
}

static NDIS_STATUS nicRequest(struct FakeNIC *nic, NDIS_OID oid) {
    return nicRequestAs(nic, oid, nic->parameters.NicState);
}

static void describeNIC(struct FakeNIC *nic, const struct FakeCommand *command) {
    if (command->name[0]) setString(&nic->parameters.NicName, command->name);
    setString(&nic->parameters.NicFriendlyName, command->friendlyName);
    nic->parameters.MTU = command->value;
    fakeCopy(nic->parameters.PermanentMacAddress, command->mac, 6);
    fakeCopy(nic->parameters.VMMacAddress, command->mac, 6);
    fakeCopy(nic->parameters.CurrentMacAddress, command->mac, 6);
}

static NDIS_STATUS createNIC(struct FakePort *port, const struct FakeCommand *command) {
    if (findNIC(port->owner, command->place.port, command->place.nic)) return NDIS_STATUS_INVALID_STATE;
    struct FakeNIC *nic = take(sizeof *nic);
    nic->port = port;
    setHeader(&nic->parameters.Header, NDIS_SWITCH_NIC_PARAMETERS_REVISION_1, sizeof nic->parameters);
    nic->parameters.PortId = command->place.port;
    nic->parameters.NicIndex = (NDIS_SWITCH_NIC_INDEX)command->place.nic;
    nic->parameters.NicType = command->type;
    nic->parameters.NicState = NdisSwitchNicStateCreated;
    nic->parameters.NetCfgInstanceId.Data1 = 0x0a905000 + command->place.port;
    if (command->type != NdisSwitchNicTypeExternal) setString(&nic->parameters.VmFriendlyName, command->friendlyName);
    describeNIC(nic, command);
    fakeLock();
    nic->next = port->nics;
    port->nics = nic;
    fakeUnlock();
    NDIS_STATUS status = nicRequest(nic, OID_SWITCH_NIC_CREATE);
    if (status == NDIS_STATUS_SUCCESS)
        nic->created = TRUE;
    else
        removeNIC(nic);
    return status;
}

// The array says that it is connected from the moment when the driver has passed the request on: no earlier, since a driver
// that has just come would believe it, and take a reference on what is no destination yet.
static NDIS_STATUS connectNIC(struct FakeNIC *nic) {
    NDIS_STATUS status = nicRequestAs(nic, OID_SWITCH_NIC_CONNECT, NdisSwitchNicStateConnected);
    if (status != NDIS_STATUS_SUCCESS) nic->parameters.NicState = NdisSwitchNicStateCreated;
    return status;
}

static NDIS_STATUS disconnectNIC(struct FakeNIC *nic) {
    nic->parameters.NicState = NdisSwitchNicStateDisconnected;
    NDIS_STATUS status = nicRequest(nic, OID_SWITCH_NIC_DISCONNECT);
    nic->connected = FALSE;
    return status;
}

static NDIS_STATUS deleteNIC(struct FakeNIC *nic) {
    if (nic->connected) return NDIS_STATUS_INVALID_STATE;
    waitForReferences(&nic->references, "the end of a NIC", nic->parameters.PortId);
    nic->parameters.NicState = NdisSwitchNicStateDeleted;
    NDIS_STATUS status = nicRequest(nic, OID_SWITCH_NIC_DELETE);
    removeNIC(nic);
    return status;
}

// An OID of a NIC's own, wrapped on its way to another (offload settings, virtual functions).
static NDIS_STATUS wrapRequest(struct FakeNIC *nic, const struct FakeCommand *command) {
    struct {
        NDIS_SWITCH_NIC_OID_REQUEST wrapper;
        NDIS_OID_REQUEST inner;
        UCHAR bytes[64];
    } *call = take(sizeof *call);
    setHeader(&call->wrapper.Header, NDIS_SWITCH_NIC_OID_REQUEST_REVISION_1, sizeof call->wrapper);
    call->wrapper.SourcePortId = nic->parameters.PortId;
    call->wrapper.SourceNicIndex = nic->parameters.NicIndex;
    call->wrapper.OidRequest = &call->inner;
    call->inner.Header.Type = NDIS_OBJECT_TYPE_OID_REQUEST;
    call->inner.Header.Revision = NDIS_OID_REQUEST_REVISION_1;
    call->inner.Header.Size = NDIS_SIZEOF_OID_REQUEST_REVISION_1;
    call->inner.RequestType = NdisRequestSetInformation;
    call->inner.DATA.SET_INFORMATION.Oid = command->value;
    call->inner.DATA.SET_INFORMATION.InformationBuffer = call->bytes;
    call->inner.DATA.SET_INFORMATION.InformationBufferLength = sizeof call->bytes;
    NDIS_STATUS status = issueRequest(nic->port->owner, NdisRequestMethod, OID_SWITCH_NIC_REQUEST, &call->wrapper,
                                      sizeof call->wrapper, sizeof call->wrapper, NULL);
    give(call, sizeof *call);
    return status;
}

// MARK: - Live migration

#define SAVE_ROOM 4096
static union {
    NDIS_SWITCH_NIC_SAVE_STATE state;
    UCHAR bytes[SAVE_ROOM];
} saved[8];
static ULONG savedCount;

static void prepareState(NDIS_SWITCH_NIC_SAVE_STATE *state, struct FakeNIC *nic) {
    setHeader(&state->Header, NDIS_SWITCH_NIC_SAVE_STATE_REVISION_1, sizeof *state);
    state->PortId = nic->parameters.PortId;
    state->NicIndex = nic->parameters.NicIndex;
}

// A request with so much room for data, which begins a little behind the structure; with what an earlier one may have left.
static NDIS_STATUS askToSave(struct FakeNIC *nic, NDIS_SWITCH_NIC_SAVE_STATE *state, ULONG room, BOOLEAN *forwarded) {
    ULONG offset = sizeof *state + 4;
    fakeZero(state, SAVE_ROOM);
    prepareState(state, nic);
    state->FeatureClassId.Data1 = 0xeeeeeeee;
    state->SaveDataOffset = (USHORT)offset;
    state->SaveDataSize = (USHORT)room;
    NDIS_STATUS status = issueRequest(nic->port->owner, NdisRequestMethod, OID_SWITCH_NIC_SAVE, state, offset + room,
                                      offset + room, forwarded);
    if (state->SaveDataOffset != offset) complain("NIC_SAVE: the offset of the data was changed");
    if (status != NDIS_STATUS_SUCCESS || *forwarded) return status;
    if (!state->ExtensionId.Data1) complain("NIC_SAVE: nobody says that it is his");
    if (state->FeatureClassId.Data1) complain("NIC_SAVE: it is of a class that it does not have");
    if (state->SaveDataSize > room) complain("NIC_SAVE: %u bytes are more than there is room for", state->SaveDataSize);
    return status;
}

// The extension is asked again until it has no more to save and passes the request on, with as much room as it wants.
static NDIS_STATUS saveNIC(struct FakeNIC *nic, ULONG *value) {
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;
    ULONG room = 4;
    BOOLEAN forwarded = FALSE;
    savedCount = 0;
    *value = 0;
    for (ULONG turn = 0; turn < 8 && status == NDIS_STATUS_SUCCESS && !forwarded; turn++) {
        NDIS_SWITCH_NIC_SAVE_STATE *state = &saved[savedCount].state;
        status = askToSave(nic, state, room, &forwarded);
        if (status == NDIS_STATUS_BUFFER_TOO_SHORT) {
            if (fake.bytesNeeded <= sizeof *state + 4 + room || fake.bytesNeeded > SAVE_ROOM)
                complain("NIC_SAVE: %u bytes are wanted", (unsigned)fake.bytesNeeded);
            else
                room = fake.bytesNeeded - sizeof *state - 4;
            status = NDIS_STATUS_SUCCESS;
        } else if (status == NDIS_STATUS_SUCCESS && !forwarded) {
            *value += state->SaveDataSize;
            savedCount++;
        }
    }
    if (status == NDIS_STATUS_SUCCESS && !forwarded) complain("NIC_SAVE: it does not end");
    NDIS_SWITCH_NIC_SAVE_STATE end;
    fakeZero(&end, sizeof end);
    prepareState(&end, nic);
    setRequest(nic->port->owner, OID_SWITCH_NIC_SAVE_COMPLETE, &end, sizeof end);
    return status;
}

static NDIS_STATUS restoreNIC(struct FakeNIC *nic, ULONG *value) {
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;
    *value = 0;
    for (ULONG turn = 0; turn < savedCount && status == NDIS_STATUS_SUCCESS; turn++) {
        prepareState(&saved[turn].state, nic);
        status = setRequest(nic->port->owner, OID_SWITCH_NIC_RESTORE, &saved[turn], SAVE_ROOM);
        *value += saved[turn].state.SaveDataSize;
    }
    NDIS_SWITCH_NIC_SAVE_STATE end;
    fakeZero(&end, sizeof end);
    prepareState(&end, nic);
    setRequest(nic->port->owner, OID_SWITCH_NIC_RESTORE_COMPLETE, &end, sizeof end);
    return status;
}

// A set request of any number with a buffer of zeros: the status is the driver's own affair.
static NDIS_STATUS rawRequest(struct FakeSwitch *owner, const struct FakeCommand *command) {
    ULONG size = command->flags < 65536 ? command->flags : 65536;
    PVOID buffer = size ? take(size) : NULL;
    fake.nonsense = TRUE;
    NDIS_STATUS status = setRequest(owner, command->value, buffer, size);
    fake.nonsense = FALSE;
    give(buffer, size);
    return status;
}

// MARK: - Commands

static NDIS_STATUS commandNIC(struct FakeNIC *nic, const struct FakeCommand *command, ULONG *value) {
    switch (command->operation) {
    case fakeNICConnect: return connectNIC(nic);
    case fakeNICUpdate:
        describeNIC(nic, command);
        return nicRequest(nic, OID_SWITCH_NIC_UPDATED);
    case fakeNICDisconnect: return disconnectNIC(nic);
    case fakeNICDelete: return deleteNIC(nic);
    case fakeNICSave: return saveNIC(nic, value);
    case fakeNICRestore: return restoreNIC(nic, value);
    case fakeNICRequest: return wrapRequest(nic, command);
    case fakeWatchNIC: nic->watched = command->value != 0; return NDIS_STATUS_SUCCESS;
    }
    return NDIS_STATUS_NOT_SUPPORTED;
}

static NDIS_STATUS commandPort(struct FakePort *port, const struct FakeCommand *command, ULONG *value) {
    switch (command->operation) {
    case fakePortUpdate: return updatePort(port, command);
    case fakePortTeardown: return tearDownPort(port);
    case fakePortDelete: return deletePort(port);
    case fakePortProperty: return changeProperty(port, command);
    case fakeNICCreate: return createNIC(port, command);
    case fakeReferences:
        if (command->place.nic == 0xffff) {
            *value = (ULONG)port->references;
            return NDIS_STATUS_SUCCESS;
        }
    }
    struct FakeNIC *nic = findNIC(port->owner, command->place.port, command->place.nic);
    if (!nic) return NDIS_STATUS_INVALID_PARAMETER;
    if (command->operation == fakeReferences) {
        *value = (ULONG)nic->references;
        return NDIS_STATUS_SUCCESS;
    }
    return commandNIC(nic, command, value);
}

NDIS_STATUS commandSwitch(const struct FakeCommand *command, ULONG *value) {
    if (command->operation == fakeSwitchCreate) return createSwitch(command);
    struct FakeSwitch *owner = switchNumbered(command->place.switchNumber);
    if (!owner) return NDIS_STATUS_INVALID_PARAMETER;
    switch (command->operation) {
    case fakeSwitchDelete: return deleteSwitch(owner);
    case fakeAnnounceDetach: return announceDetach(owner);
    case fakeCancelOID: return cancelRequest(owner, command->value != 0);
    case fakeCancelSends: return cancelSends(owner, command->value);
    case fakeSwitchProperty: return changeSwitchProperty(owner, command->value);
    case fakeSwitchActivate: return activateSwitch(owner);
    case fakeFilterAttach: return attachFilter(owner);
    case fakeFilterDetach: return detachFilter(owner);
    case fakeFilterPause: return pauseFilter(owner);
    case fakeFilterRestart: return restartFilter(owner);
    case fakePortCreate: return createPort(owner, command);
    case fakeRawOID: return rawRequest(owner, command);
    }
    struct FakePort *port = findPort(owner, command->place.port);
    return port ? commandPort(port, command, value) : NDIS_STATUS_INVALID_PARAMETER;
}
