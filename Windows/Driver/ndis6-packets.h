// NDIS 6.30: packets and their out-of-band information. Included by ndis6.h.

#ifndef APUS_NDIS6_PACKETS_H
#define APUS_NDIS6_PACKETS_H

// Net buffers

typedef struct _NET_BUFFER NET_BUFFER, *PNET_BUFFER;
typedef struct _NET_BUFFER_LIST NET_BUFFER_LIST, *PNET_BUFFER_LIST;
typedef struct _NET_BUFFER_LIST_CONTEXT NET_BUFFER_LIST_CONTEXT, *PNET_BUFFER_LIST_CONTEXT;

// A slot of a NET_BUFFER_LIST's out-of-band information, as numbered on x86-64.
typedef enum _NDIS_NET_BUFFER_LIST_INFO {
  TcpIpChecksumNetBufferListInfo = 0,
  TcpOffloadBytesTransferred = 0,
  IPsecOffloadV1NetBufferListInfo = 1,
  IPsecOffloadV2NetBufferListInfo = 1,
  TcpLargeSendNetBufferListInfo = 2,
  TcpReceiveNoPush = 2,
  ClassificationHandleNetBufferListInfo = 3,
  Ieee8021QNetBufferListInfo = 4,
  NetBufferListCancelId = 5,
  MediaSpecificInformation = 6,
  NetBufferListFrameType = 7,
  NetBufferListProtocolId = 7,
  NetBufferListHashValue = 8,
  NetBufferListHashInfo = 9,
  WfpNetBufferListInfo = 10,
  IPsecOffloadV2TunnelNetBufferListInfo = 11,
  IPsecOffloadV2HeaderNetBufferListInfo = 12,
  NetBufferListCorrelationId = 13,
  NetBufferListFilteringInfo = 14,
  MediaSpecificInformationEx = 15,
  NblOriginalInterfaceIfIndex = 16,
  TcpReceiveBytesTransferred = 17,
  SwitchForwardingReserved = 18,
  SwitchForwardingDetail = 19,
  VirtualSubnetInfo = 20,
  IMReserved = 21,
  TcpRecvSegCoalesceInfo = 22,
  UdpSegmentationOffloadInfo = 22,
  RscTcpTimestampDelta = 23,
  TcpSendOffloadsSupplementalNetBufferListInfo = 23,
  MaxNetBufferListInfo = 24
} NDIS_NET_BUFFER_LIST_INFO, *PNDIS_NET_BUFFER_LIST_INFO;

struct DECLSPEC_ALIGN(16) _NET_BUFFER {
  PNET_BUFFER Next;
  PMDL CurrentMdl;
  ULONG CurrentMdlOffset;
  union {
    ULONG DataLength;
    SIZE_T stDataLength;
  };
  PMDL MdlChain;
  ULONG DataOffset;
  USHORT ChecksumBias DECLSPEC_ALIGN(16);
  USHORT Reserved;
  NDIS_HANDLE NdisPoolHandle;
  PVOID NdisReserved[2] DECLSPEC_ALIGN(16);
  PVOID ProtocolReserved[6] DECLSPEC_ALIGN(16);
  PVOID MiniportReserved[4] DECLSPEC_ALIGN(16);
  PHYSICAL_ADDRESS DataPhysicalAddress;
  PVOID SharedMemoryInfo;
};
NDIS_SIZE_IS(NET_BUFFER, 0xb0);
NDIS_PLACE_IS(NET_BUFFER, CurrentMdl, 0x08);
NDIS_PLACE_IS(NET_BUFFER, CurrentMdlOffset, 0x10);
NDIS_PLACE_IS(NET_BUFFER, DataLength, 0x18);
NDIS_PLACE_IS(NET_BUFFER, MdlChain, 0x20);
NDIS_PLACE_IS(NET_BUFFER, DataOffset, 0x28);
NDIS_PLACE_IS(NET_BUFFER, ChecksumBias, 0x30);
NDIS_PLACE_IS(NET_BUFFER, NdisPoolHandle, 0x38);
NDIS_PLACE_IS(NET_BUFFER, ProtocolReserved, 0x50);
NDIS_PLACE_IS(NET_BUFFER, MiniportReserved, 0x80);
NDIS_PLACE_IS(NET_BUFFER, DataPhysicalAddress, 0xa0);

struct DECLSPEC_ALIGN(16) _NET_BUFFER_LIST_CONTEXT {
  PNET_BUFFER_LIST_CONTEXT Next;
  USHORT Size;
  USHORT Offset;
  UCHAR ContextData[] DECLSPEC_ALIGN(16);
};
NDIS_PLACE_IS(NET_BUFFER_LIST_CONTEXT, ContextData, 0x10);

struct DECLSPEC_ALIGN(16) _NET_BUFFER_LIST {
  PNET_BUFFER_LIST Next;
  PNET_BUFFER FirstNetBuffer;
  PNET_BUFFER_LIST_CONTEXT Context;
  PNET_BUFFER_LIST ParentNetBufferList;
  NDIS_HANDLE NdisPoolHandle;
  PVOID NdisReserved[2] DECLSPEC_ALIGN(16);
  PVOID ProtocolReserved[4] DECLSPEC_ALIGN(16);
  PVOID MiniportReserved[2] DECLSPEC_ALIGN(16);
  PVOID Scratch;
  NDIS_HANDLE SourceHandle;
  ULONG NblFlags;
  LONG ChildRefCount;
  ULONG Flags;
  union {
    NDIS_STATUS Status;
    ULONG NdisReserved2;
  };
  // Newer systems have further slots behind these.
  PVOID NetBufferListInfo[MaxNetBufferListInfo];
};
NDIS_PLACE_IS(NET_BUFFER_LIST, FirstNetBuffer, 0x08);
NDIS_PLACE_IS(NET_BUFFER_LIST, Context, 0x10);
NDIS_PLACE_IS(NET_BUFFER_LIST, ParentNetBufferList, 0x18);
NDIS_PLACE_IS(NET_BUFFER_LIST, NdisPoolHandle, 0x20);
NDIS_PLACE_IS(NET_BUFFER_LIST, NdisReserved, 0x30);
NDIS_PLACE_IS(NET_BUFFER_LIST, ProtocolReserved, 0x40);
NDIS_PLACE_IS(NET_BUFFER_LIST, MiniportReserved, 0x60);
NDIS_PLACE_IS(NET_BUFFER_LIST, Scratch, 0x70);
NDIS_PLACE_IS(NET_BUFFER_LIST, SourceHandle, 0x78);
NDIS_PLACE_IS(NET_BUFFER_LIST, NblFlags, 0x80);
NDIS_PLACE_IS(NET_BUFFER_LIST, ChildRefCount, 0x84);
NDIS_PLACE_IS(NET_BUFFER_LIST, Flags, 0x88);
NDIS_PLACE_IS(NET_BUFFER_LIST, Status, 0x8c);
NDIS_PLACE_IS(NET_BUFFER_LIST, NetBufferListInfo, 0x90);

#define NET_BUFFER_NEXT_NB(nb) ((nb)->Next)
#define NET_BUFFER_FIRST_MDL(nb) ((nb)->MdlChain)
#define NET_BUFFER_DATA_LENGTH(nb) ((nb)->DataLength)
#define NET_BUFFER_DATA_OFFSET(nb) ((nb)->DataOffset)
#define NET_BUFFER_CURRENT_MDL(nb) ((nb)->CurrentMdl)
#define NET_BUFFER_CURRENT_MDL_OFFSET(nb) ((nb)->CurrentMdlOffset)
#define NET_BUFFER_LIST_NEXT_NBL(nbl) ((nbl)->Next)
#define NET_BUFFER_LIST_FIRST_NB(nbl) ((nbl)->FirstNetBuffer)
#define NET_BUFFER_LIST_STATUS(nbl) ((nbl)->Status)
#define NET_BUFFER_LIST_INFO(nbl, slot) ((nbl)->NetBufferListInfo[slot])
#define NET_BUFFER_LIST_CONTEXT_DATA_START(nbl) \
  ((PUCHAR)((nbl)->Context) + offsetof(NET_BUFFER_LIST_CONTEXT, ContextData) + (nbl)->Context->Offset)
#define NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(nbl) (NET_BUFFER_LIST_INFO(nbl, NetBufferListCancelId))
#define NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(nbl, id) (NET_BUFFER_LIST_INFO(nbl, NetBufferListCancelId) = (id))

typedef struct _NET_BUFFER_LIST_POOL_PARAMETERS {
  NDIS_OBJECT_HEADER Header;
  UCHAR ProtocolId;
  BOOLEAN fAllocateNetBuffer;
  USHORT ContextSize;
  ULONG PoolTag;
  ULONG DataSize;
} NET_BUFFER_LIST_POOL_PARAMETERS, *PNET_BUFFER_LIST_POOL_PARAMETERS;
NDIS_SIZE_IS(NET_BUFFER_LIST_POOL_PARAMETERS, 16);
#define NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1 1
#define NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1 16

NTSYSAPI NDIS_HANDLE NTAPI NdisAllocateNetBufferListPool(NDIS_HANDLE, PNET_BUFFER_LIST_POOL_PARAMETERS);
NTSYSAPI VOID NTAPI NdisFreeNetBufferListPool(NDIS_HANDLE);
NTSYSAPI PNET_BUFFER_LIST NTAPI NdisAllocateNetBufferAndNetBufferList(
    NDIS_HANDLE pool, USHORT contextSize, USHORT contextBackFill, PMDL mdlChain, ULONG dataOffset,
    SIZE_T dataLength);
NTSYSAPI VOID NTAPI NdisFreeNetBufferList(PNET_BUFFER_LIST);
NTSYSAPI PMDL NTAPI NdisAllocateMdl(NDIS_HANDLE, PVOID virtualAddress, UINT length);
NTSYSAPI VOID NTAPI NdisFreeMdl(PMDL);

// Out-of-band information: checksums, large sends, coalesced receives, tags

typedef union _NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO {
  struct {
    ULONG IsIPv4 : 1;
    ULONG IsIPv6 : 1;
    ULONG TcpChecksum : 1;
    ULONG UdpChecksum : 1;
    ULONG IpHeaderChecksum : 1;
    ULONG Reserved : 11;
    ULONG TcpHeaderOffset : 10;
  } Transmit;
  struct {
    ULONG TcpChecksumFailed : 1;
    ULONG UdpChecksumFailed : 1;
    ULONG IpChecksumFailed : 1;
    ULONG TcpChecksumSucceeded : 1;
    ULONG UdpChecksumSucceeded : 1;
    ULONG IpChecksumSucceeded : 1;
    ULONG Loopback : 1;
    ULONG TcpChecksumValueInvalid : 1;
    ULONG IpChecksumValueInvalid : 1;
  } Receive;
  PVOID Value;
} NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO, *PNDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO;
NDIS_SIZE_IS(NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO, 8);

typedef union _NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO {
  struct {
    ULONG Unused : 30;
    ULONG Type : 1;
    ULONG Reserved2 : 1;
  } Transmit;
  struct {
    ULONG MSS : 20;
    ULONG TcpHeaderOffset : 10;
    ULONG Type : 1;
    ULONG Reserved2 : 1;
  } LsoV1Transmit;
  struct {
    ULONG TcpPayload : 30;
    ULONG Type : 1;
    ULONG Reserved2 : 1;
  } LsoV1TransmitComplete;
  struct {
    ULONG MSS : 20;
    ULONG TcpHeaderOffset : 10;
    ULONG Type : 1;
    ULONG IPVersion : 1;
  } LsoV2Transmit;
  struct {
    ULONG Reserved : 30;
    ULONG Type : 1;
    ULONG Reserved2 : 1;
  } LsoV2TransmitComplete;
  PVOID Value;
} NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO, *PNDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO;
NDIS_SIZE_IS(NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO, 8);
#define NDIS_TCP_LARGE_SEND_OFFLOAD_V1_TYPE 0
#define NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE 1
#define NDIS_TCP_LARGE_SEND_OFFLOAD_IPv4 0
#define NDIS_TCP_LARGE_SEND_OFFLOAD_IPv6 1

typedef union _NDIS_RSC_NBL_INFO {
  struct {
    USHORT CoalescedSegCount;
    USHORT DupAckCount;
  } Info;
  PVOID Value;
} NDIS_RSC_NBL_INFO, *PNDIS_RSC_NBL_INFO;
NDIS_SIZE_IS(NDIS_RSC_NBL_INFO, 8);

typedef union _NDIS_NET_BUFFER_LIST_8021Q_INFO {
  struct {
    UINT32 UserPriority : 3;
    UINT32 CanonicalFormatId : 1;
    UINT32 VlanId : 12;
    UINT32 Reserved : 16;
  } TagHeader;
  PVOID Value;
} NDIS_NET_BUFFER_LIST_8021Q_INFO, *PNDIS_NET_BUFFER_LIST_8021Q_INFO;
NDIS_SIZE_IS(NDIS_NET_BUFFER_LIST_8021Q_INFO, 8);

#endif
