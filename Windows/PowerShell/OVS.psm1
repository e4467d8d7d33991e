<#
Names of Open vSwitch ports on network adapters of Hyper-V machines.

An adapter's port on a virtual switch carries a name (ElementName of its Msvm_EthernetPortAllocationSettingData).
The extension compares it with the names of the interfaces in the database: the adapter called "port1" here is
the interface that `ovs-vsctl add-port br0 port1` made. Whichever comes first waits for the other.
#>

Set-StrictMode -Version 2.0

# The virtualization namespace of Windows Server 2012 R2 and later.
$script:Namespace = 'root\virtualization\v2'

# What Hyper-V calls a port to which nobody gave a name.
$script:UnnamedPort = 'Dynamic Ethernet Switch Port'

# The longest name that every version of the driver takes.
$script:NameLimitCharacters = 48

# How long a change may take before it is reported as failed, unless -TimeoutSeconds says otherwise.
$script:JobTimeoutSeconds = 60
$script:JobPollMilliseconds = 200

# Values of ReturnValue (ModifyResourceSettings) and of JobState (Msvm_ConcreteJob).
$script:MethodCompleted = 0
$script:MethodStartedJob = 4096
$script:JobCompleted = 7
$script:JobCompletedWithWarnings = 32768
$script:JobsUnderWay = 2, 3, 4, 5, 6

# ---------------------------------------------------------------- what the exported functions share

# Throws unless NAME can be the name of an interface in the database and of a port of Hyper-V.
function Assert-OVSPortName {
    param ([string] $Name)

    if ($Name.Length -lt 1 -or $Name.Length -gt $script:NameLimitCharacters) {
        throw "An OVS port name has 1 to $script:NameLimitCharacters characters; '$Name' has $($Name.Length)."
    }
    if ($Name -notmatch '^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$') {
        throw "'$Name' cannot be an OVS port name: use printable ASCII characters, with no space at either end."
    }
    if ($Name -match '[/\\]') {
        throw "'$Name' cannot be an OVS port name: the database allows neither / nor \ in it."
    }
    if ($Name -ceq $script:UnnamedPort) {
        throw "'$Name' is what Hyper-V calls a port without a name; choose another, or use Remove-VMNetworkAdapterOVSPort."
    }
    $true
}

# Throws unless ADAPTER is what Get-VMNetworkAdapter returns for a machine.
function Assert-VMNetworkAdapter {
    param ([psobject] $Adapter)

    foreach ($property in 'Id', 'Name', 'VMName') {
        if ($null -eq $Adapter.PSObject.Properties[$property]) {
            throw "'$Adapter' is not a network adapter of a machine; pass what Get-VMNetworkAdapter returns."
        }
    }
    # A machine has these properties too, but another kind of identifier.
    if (-not "$($Adapter.Id)".StartsWith('Microsoft:')) {
        throw "'$($Adapter.Name)' is not a network adapter; pass what Get-VMNetworkAdapter returns for the machine."
    }
    $managementOS = $Adapter.PSObject.Properties['IsManagementOs']
    if ($null -ne $managementOS -and $managementOS.Value) {
        throw ("'$($Adapter.Name)' is an adapter of the management operating system. Its OVS port has the adapter's own " +
            'name; to change it, use Rename-VMNetworkAdapter -ManagementOS.')
    }
    $true
}

# Which of NAME and SESSION lead to another host, as arguments of Hyper-V's cmdlets and of CIM's; none for this host.
function Get-ConnectionArgument {
    param ([string] $Name, [Microsoft.Management.Infrastructure.CimSession] $Session)

    $here = '', '.', 'localhost', $env:COMPUTERNAME
    if ($null -ne $Session -and $Session.ComputerName -notin $here) { return @{ CimSession = $Session } }
    if ($Name -notin $here) { return @{ ComputerName = $Name } }
    @{}
}

# The arguments of CIM cmdlets for the virtualization of a host that Get-ConnectionArgument leads to.
function Get-HostArgument {
    param ([hashtable] $Connection = @{})

    $Connection + @{ Namespace = $script:Namespace; ErrorAction = 'Stop' }
}

# The connection by which an adapter was read. Adapters of Windows Server 2012 R2 know no session.
function Get-AdapterConnection {
    param ([psobject] $Adapter)

    $session = $Adapter.PSObject.Properties['CimSession']
    $computer = $Adapter.PSObject.Properties['ComputerName']
    $known = @{}
    if ($null -ne $session -and $session.Value -is [Microsoft.Management.Infrastructure.CimSession]) { $known.Session = $session.Value }
    if ($null -ne $computer) { $known.Name = [string] $computer.Value }
    Get-ConnectionArgument @known
}

# TEXT as it stands between apostrophes in a query.
function ConvertTo-QueryText {
    param ([string] $Text)

    $Text.Replace('\', '\\').Replace("'", "\'")
}

# The port setting of the adapter whose identifier is ID; none before the adapter was first connected to a switch.
function Get-PortSetting {
    param ([string] $Id, [hashtable] $HostArgument)

    $pattern = ConvertTo-QueryText $Id
    Get-CimInstance @HostArgument -ClassName Msvm_EthernetPortAllocationSettingData -Filter "InstanceID LIKE '$pattern%'" |
        Where-Object { $_.InstanceID.StartsWith("$Id\", [StringComparison]::OrdinalIgnoreCase) } | Select-Object -First 1
}

# The names of the ports of all adapters of a host, by the adapters' identifiers: one question for a thousand adapters.
function Get-PortNameTable {
    param ([hashtable] $HostArgument)

    $names = @{}
    foreach ($setting in @(Get-CimInstance @HostArgument -ClassName Msvm_EthernetPortAllocationSettingData)) {
        $parts = $setting.InstanceID.Split('\')
        if ($parts.Count -gt 2) { $names["$($parts[0])\$($parts[1])"] = $setting.ElementName }
    }
    $names
}

# The port settings with the name NAME. Queries do not tell small letters from capitals; the database does. A
# checkpoint keeps a copy of its machine's settings under an identifier of its own, which is no machine's.
function Get-PortSettingByName {
    param ([string] $Name, [hashtable] $HostArgument)

    $text = ConvertTo-QueryText $Name
    $settings = @(Get-CimInstance @HostArgument -ClassName Msvm_EthernetPortAllocationSettingData -Filter "ElementName = '$text'" |
            Where-Object { $_.ElementName -ceq $Name })
    if ($settings.Count -eq 0) { return }
    $machines = @(Get-CimInstance @HostArgument -ClassName Msvm_ComputerSystem | ForEach-Object { $_.Name })
    $settings | Where-Object { (Get-MachineId $_.InstanceID) -in $machines }
}

# The machine's identifier in "Microsoft:MACHINE\ADAPTER\...".
function Get-MachineId {
    param ([string] $InstanceId)

    ($InstanceId -replace '^Microsoft:', '').Split('\')[0]
}

# A setting in the text form that the methods of the management service take.
function ConvertTo-EmbeddedInstance {
    param ([Microsoft.Management.Infrastructure.CimInstance] $Instance)

    $serializer = [Microsoft.Management.Infrastructure.Serialization.CimSerializer]::Create()
    $options = [Microsoft.Management.Infrastructure.Serialization.InstanceSerializationOptions]::None
    [System.Text.Encoding]::Unicode.GetString($serializer.Serialize($Instance, $options))
}

# Waits until a job has ended; throws if it failed or did not end in time.
function Wait-ManagementJob {
    param (
        [string] $Id,
        [hashtable] $HostArgument,
        [int] $TimeoutSeconds
    )

    $filter = "InstanceID = '$(ConvertTo-QueryText $Id)'"
    $elapsed = [System.Diagnostics.Stopwatch]::StartNew()
    while ($true) {
        $job = Get-CimInstance @HostArgument -ClassName CIM_ConcreteJob -Filter $filter | Select-Object -First 1
        if ($null -eq $job) { throw "Hyper-V knows nothing of its job $Id any more; look whether the change was made." }
        if ($job.JobState -notin $script:JobsUnderWay) { break }
        if ($elapsed.Elapsed.TotalSeconds -ge $TimeoutSeconds) {
            throw "Hyper-V did not finish within $TimeoutSeconds seconds (job $Id, $($job.PercentComplete) % done)."
        }
        Start-Sleep -Milliseconds $script:JobPollMilliseconds
    }
    if ($job.JobState -notin $script:JobCompleted, $script:JobCompletedWithWarnings) {
        throw "Hyper-V refused (job state $($job.JobState), error $($job.ErrorCode)): $($job.ErrorDescription)"
    }
}

# Gives the port of a setting another name and waits until Hyper-V has done it.
function Rename-Port {
    param (
        [Microsoft.Management.Infrastructure.CimInstance] $Setting,
        [string] $Name,
        [hashtable] $HostArgument,
        [int] $TimeoutSeconds
    )

    $Setting.ElementName = $Name
    $service = Get-CimInstance @HostArgument -ClassName Msvm_VirtualSystemManagementService
    $result = $service | Invoke-CimMethod -MethodName ModifyResourceSettings -ErrorAction Stop -Arguments @{
        ResourceSettings = [string[]] @(ConvertTo-EmbeddedInstance $Setting)
    }
    switch ($result.ReturnValue) {
        $script:MethodCompleted { return }
        $script:MethodStartedJob {
            Wait-ManagementJob -Id $result.Job.InstanceID -HostArgument $HostArgument -TimeoutSeconds $TimeoutSeconds
        }
        default { throw "Hyper-V refused: ModifyResourceSettings returned $($result.ReturnValue)." }
    }
}

# What Get-VMNetworkAdapterOVSPort says of an adapter. Like the adapter itself, it can be passed on to the other functions.
function New-PortDescription {
    param ([psobject] $Adapter, [string] $OVSPortName, [hashtable] $Connection)

    [pscustomobject] @{
        PSTypeName   = 'Apus.OVSPort'
        VMName       = $Adapter.VMName
        Name         = $Adapter.Name
        SwitchName   = $Adapter.SwitchName
        OVSPortName  = $OVSPortName
        MacAddress   = $Adapter.MacAddress
        Id           = $Adapter.Id
        ComputerName = $Connection['ComputerName']
        CimSession   = $Connection['CimSession']
    }
}

# ElementName is the port's name in the module of 2015 to 2026.
Update-TypeData -TypeName Apus.OVSPort -MemberType AliasProperty -MemberName ElementName -Value OVSPortName -Force
Update-TypeData -TypeName Apus.OVSPort -DefaultDisplayPropertySet @('VMName', 'Name', 'SwitchName', 'OVSPortName') -Force

# ---------------------------------------------------------------- names of ports

function Set-VMNetworkAdapterOVSPort {
    <#
    .SYNOPSIS
    Attaches network adapters of machines to Open vSwitch ports, by name.

    .DESCRIPTION
    Gives the Hyper-V port of an adapter the name of an Open vSwitch interface. Where the extension is enabled, the
    adapter's traffic is then that interface's. The interface may be added to its bridge before or after, and the
    adapter may be connected or not, and its machine running or not.

    A name stands for one adapter of the host. A name that another adapter has is refused. An adapter that has the name
    already is left alone, so that a script may be run again.

    .PARAMETER VMNetworkAdapter
    The adapter: what Get-VMNetworkAdapter returns, for a machine of this host or of another one (-ComputerName, -CimSession).

    .PARAMETER OVSPortName
    The name of the interface: 1 to 48 printable ASCII characters without / and \, and without a space at either end.
    Open vSwitch on Linux takes 15 characters at most; keep to that if machines move between hosts of both kinds.

    .PARAMETER TimeoutSeconds
    How long Hyper-V may take for the change; 60 seconds unless given.

    .PARAMETER Force
    Take the name even if another adapter has it. Both then claim the interface; the one that had the name first gets it.

    .PARAMETER PassThru
    Return what Get-VMNetworkAdapterOVSPort says of the adapter afterwards.

    .INPUTS
    Microsoft.HyperV.PowerShell.VMNetworkAdapter

    .OUTPUTS
    None, or with -PassThru an Apus.OVSPort.

    .EXAMPLE
    ovs-vsctl.exe add-port br0 port1
    Get-VMNetworkAdapter VM1 | Set-VMNetworkAdapterOVSPort -OVSPortName port1

    Makes the only adapter of VM1 the interface port1 of the bridge br0.

    .EXAMPLE
    Get-VMNetworkAdapter VM1 -Name Storage | Set-VMNetworkAdapterOVSPort -OVSPortName vm1-storage -WhatIf

    Says what would be done.

    .EXAMPLE
    Get-VMNetworkAdapter VM1 -ComputerName host7 | Set-VMNetworkAdapterOVSPort -OVSPortName port1 -ErrorAction Stop

    Does it on another host, and ends a script if that fails.

    .LINK
    Get-VMNetworkAdapterOVSPort

    .LINK
    Remove-VMNetworkAdapterOVSPort
    #>
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
    [OutputType('Apus.OVSPort')]
    param (
        [Parameter(Mandatory = $true, Position = 0, ValueFromPipeline = $true)]
        [ValidateNotNull()]
        [psobject[]] $VMNetworkAdapter,

        [Parameter(Mandatory = $true, Position = 1)]
        [ValidateScript({ Assert-OVSPortName $_ })]
        [string] $OVSPortName,

        [ValidateRange(1, 3600)]
        [int] $TimeoutSeconds = $script:JobTimeoutSeconds,

        [switch] $Force,

        [switch] $PassThru
    )
    process {
        foreach ($adapter in $VMNetworkAdapter) {
            try {
                $null = Assert-VMNetworkAdapter $adapter
                $target = "adapter '$($adapter.Name)' of machine '$($adapter.VMName)'"
                $connection = Get-AdapterConnection $adapter
                $hostArgument = Get-HostArgument $connection
                $setting = Get-PortSetting -Id $adapter.Id -HostArgument $hostArgument
                if ($null -eq $setting) {
                    throw ("The $target has never been connected to a virtual switch, so that it has no port to name. " +
                        'Use Connect-VMNetworkAdapter first.')
                }
                $others = @(Get-PortSettingByName -Name $OVSPortName -HostArgument $hostArgument |
                        Where-Object { $_.InstanceID -ne $setting.InstanceID })
                if ($others.Count -gt 0 -and -not $Force) {
                    throw ("The name belongs to another adapter ($($others[0].InstanceID)). " +
                        "Get-VMNetworkAdapterByOVSPort '$OVSPortName' shows which, Remove-VMNetworkAdapterOVSPort frees the name.")
                }
                if ($setting.ElementName -ceq $OVSPortName) {
                    Write-Verbose "The $target has the OVS port name '$OVSPortName' already."
                } elseif ($PSCmdlet.ShouldProcess($target, "Set the OVS port name '$OVSPortName'")) {
                    Rename-Port -Setting $setting -Name $OVSPortName -HostArgument $hostArgument -TimeoutSeconds $TimeoutSeconds
                }
                if ($PassThru) {
                    $name = if ($setting.ElementName -ceq $script:UnnamedPort) { '' } else { $setting.ElementName }
                    New-PortDescription -Adapter $adapter -OVSPortName $name -Connection $connection
                }
            } catch {
                Write-Error -Message "Cannot set the OVS port name '$OVSPortName': $_" -Category InvalidOperation `
                    -ErrorId SetOVSPortName -TargetObject $adapter
            }
        }
    }
}

function Get-VMNetworkAdapterOVSPort {
    <#
    .SYNOPSIS
    Shows which Open vSwitch ports network adapters of machines are attached to.

    .DESCRIPTION
    Returns an object for each adapter. Its OVSPortName is empty for an adapter that was given no name.

    .PARAMETER VMNetworkAdapter
    The adapters to look at: what Get-VMNetworkAdapter returns.

    .PARAMETER VMName
    The machines whose adapters to look at; every machine of the host if neither is given. Wildcards are allowed.

    .PARAMETER ComputerName
    The host to look at, in place of this one.

    .PARAMETER CimSession
    A session with the host to look at (New-CimSession), in place of this host. Needs Windows Server 2016 or later here.

    .INPUTS
    Microsoft.HyperV.PowerShell.VMNetworkAdapter

    .OUTPUTS
    Apus.OVSPort

    .EXAMPLE
    Get-VMNetworkAdapterOVSPort

    Lists the adapters of every machine with their OVS port names.

    .EXAMPLE
    Get-VMNetworkAdapter VM1 | Get-VMNetworkAdapterOVSPort | Format-List

    Shows the adapters of VM1.

    .EXAMPLE
    'host1', 'host2' | ForEach-Object { Get-VMNetworkAdapterOVSPort -ComputerName $_ } | Export-Csv ports.csv

    Writes down which machine of several hosts is attached to which port.

    .LINK
    Set-VMNetworkAdapterOVSPort
    #>
    [CmdletBinding(DefaultParameterSetName = 'VMName')]
    [OutputType('Apus.OVSPort')]
    param (
        [Parameter(Mandatory = $true, ParameterSetName = 'Adapter', ValueFromPipeline = $true)]
        [ValidateNotNull()]
        [psobject[]] $VMNetworkAdapter,

        [Parameter(ParameterSetName = 'VMName', Position = 0)]
        [ValidateNotNullOrEmpty()]
        [string[]] $VMName = '*',

        [Parameter(ParameterSetName = 'VMName')]
        [ValidateNotNullOrEmpty()]
        [string] $ComputerName,

        [Parameter(ParameterSetName = 'VMName')]
        [ValidateNotNull()]
        [Microsoft.Management.Infrastructure.CimSession] $CimSession
    )
    process {
        $adapters = $VMNetworkAdapter
        $table = $null
        if ($PSCmdlet.ParameterSetName -eq 'VMName') {
            $connection = Get-ConnectionArgument -Name $ComputerName -Session $CimSession
            try {
                $hostArgument = Get-HostArgument $connection
                $table = Get-PortNameTable -HostArgument $hostArgument
            } catch {
                Write-Error -Message "Cannot read the OVS port names: $_" -Category InvalidOperation -ErrorId GetOVSPortName
                return
            }
            $adapters = @(Get-VMNetworkAdapter -VMName $VMName @connection)
        }
        foreach ($adapter in $adapters) {
            try {
                $null = Assert-VMNetworkAdapter $adapter
                if ($null -ne $table) {
                    $elementName = $table["$($adapter.Id)"]
                } else {
                    $connection = Get-AdapterConnection $adapter
                    $hostArgument = Get-HostArgument $connection
                    $setting = Get-PortSetting -Id $adapter.Id -HostArgument $hostArgument
                    $elementName = if ($null -eq $setting) { '' } else { $setting.ElementName }
                }
                if ($elementName -ceq $script:UnnamedPort) { $elementName = '' }
                New-PortDescription -Adapter $adapter -OVSPortName $elementName -Connection $connection
            } catch {
                Write-Error -Message "Cannot read an OVS port name: $_" -Category InvalidOperation `
                    -ErrorId GetOVSPortName -TargetObject $adapter
            }
        }
    }
}

function Remove-VMNetworkAdapterOVSPort {
    <#
    .SYNOPSIS
    Detaches network adapters of machines from their Open vSwitch ports.

    .DESCRIPTION
    Gives the Hyper-V port of an adapter the name back that Hyper-V gives by itself. Where the extension is enabled, the
    adapter then has no Open vSwitch port and no traffic. The interface stays in the database: ovs-vsctl.exe del-port removes it.

    .PARAMETER VMNetworkAdapter
    The adapter: what Get-VMNetworkAdapter returns.

    .PARAMETER TimeoutSeconds
    How long Hyper-V may take for the change; 60 seconds unless given.

    .INPUTS
    Microsoft.HyperV.PowerShell.VMNetworkAdapter

    .OUTPUTS
    None.

    .EXAMPLE
    Get-VMNetworkAdapter VM1 | Remove-VMNetworkAdapterOVSPort

    Detaches the adapters of VM1.

    .EXAMPLE
    Get-VMNetworkAdapterByOVSPort port1 | Remove-VMNetworkAdapterOVSPort -Confirm:$false

    Frees the name port1 without asking.

    .LINK
    Set-VMNetworkAdapterOVSPort
    #>
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
    param (
        [Parameter(Mandatory = $true, Position = 0, ValueFromPipeline = $true)]
        [ValidateNotNull()]
        [psobject[]] $VMNetworkAdapter,

        [ValidateRange(1, 3600)]
        [int] $TimeoutSeconds = $script:JobTimeoutSeconds
    )
    process {
        foreach ($adapter in $VMNetworkAdapter) {
            try {
                $null = Assert-VMNetworkAdapter $adapter
                $target = "adapter '$($adapter.Name)' of machine '$($adapter.VMName)'"
                $hostArgument = Get-HostArgument (Get-AdapterConnection $adapter)
                $setting = Get-PortSetting -Id $adapter.Id -HostArgument $hostArgument
                if ($null -eq $setting -or $setting.ElementName -ceq $script:UnnamedPort) {
                    Write-Verbose "The $target has no OVS port name."
                } elseif ($PSCmdlet.ShouldProcess($target, "Remove the OVS port name '$($setting.ElementName)'")) {
                    Rename-Port -Setting $setting -Name $script:UnnamedPort -HostArgument $hostArgument -TimeoutSeconds $TimeoutSeconds
                }
            } catch {
                Write-Error -Message "Cannot remove the OVS port name: $_" -Category InvalidOperation `
                    -ErrorId RemoveOVSPortName -TargetObject $adapter
            }
        }
    }
}

function Get-VMNetworkAdapterByOVSPort {
    <#
    .SYNOPSIS
    Finds the network adapter that has an Open vSwitch port name.

    .DESCRIPTION
    Returns the adapter, as Get-VMNetworkAdapter does, with the property OVSPortName added; nothing, and no error, if no adapter of
    the host has the name. Small letters and capitals differ, as they do in the database.

    .PARAMETER OVSPortName
    The name to look for.

    .PARAMETER ComputerName
    The host to look at, in place of this one.

    .PARAMETER CimSession
    A session with the host to look at (New-CimSession), in place of this host. Needs Windows Server 2016 or later here.

    .INPUTS
    System.String

    .OUTPUTS
    Microsoft.HyperV.PowerShell.VMNetworkAdapter

    .EXAMPLE
    Get-VMNetworkAdapterByOVSPort port1 | Disconnect-VMNetworkAdapter

    Disconnects whichever adapter is the interface port1.

    .LINK
    Get-VMByOVSPort
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true, Position = 0, ValueFromPipeline = $true)]
        [ValidateScript({ Assert-OVSPortName $_ })]
        [string] $OVSPortName,

        [ValidateNotNullOrEmpty()]
        [string] $ComputerName,

        [ValidateNotNull()]
        [Microsoft.Management.Infrastructure.CimSession] $CimSession
    )
    process {
        $connection = Get-ConnectionArgument -Name $ComputerName -Session $CimSession
        foreach ($setting in @(Get-PortSettingByName -Name $OVSPortName -HostArgument (Get-HostArgument $connection))) {
            $machine = Get-VM -Id (Get-MachineId $setting.InstanceID) -ErrorAction Stop @connection
            Get-VMNetworkAdapter -VM $machine |
                Where-Object { $setting.InstanceID.StartsWith("$($_.Id)\", [StringComparison]::OrdinalIgnoreCase) } |
                Add-Member -NotePropertyMembers @{ OVSPortName = $OVSPortName; ElementName = $OVSPortName } -Force -PassThru
        }
    }
}

function Get-VMByOVSPort {
    <#
    .SYNOPSIS
    Finds the machine one of whose network adapters has an Open vSwitch port name.

    .DESCRIPTION
    Returns the machine, as Get-VM does; nothing, and no error, if no adapter of the host has the name. Small letters and capitals differ, as
    they do in the database.

    .PARAMETER OVSPortName
    The name to look for.

    .PARAMETER ComputerName
    The host to look at, in place of this one.

    .PARAMETER CimSession
    A session with the host to look at (New-CimSession), in place of this host. Needs Windows Server 2016 or later here.

    .INPUTS
    System.String

    .OUTPUTS
    Microsoft.HyperV.PowerShell.VirtualMachine

    .EXAMPLE
    Get-VMByOVSPort port1 | Stop-VM

    Stops the machine behind the interface port1.

    .LINK
    Get-VMNetworkAdapterByOVSPort
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true, Position = 0, ValueFromPipeline = $true)]
        [ValidateScript({ Assert-OVSPortName $_ })]
        [string] $OVSPortName,

        [ValidateNotNullOrEmpty()]
        [string] $ComputerName,

        [ValidateNotNull()]
        [Microsoft.Management.Infrastructure.CimSession] $CimSession
    )
    process {
        $connection = Get-ConnectionArgument -Name $ComputerName -Session $CimSession
        Get-PortSettingByName -Name $OVSPortName -HostArgument (Get-HostArgument $connection) |
            ForEach-Object { Get-MachineId $_.InstanceID } | Select-Object -Unique |
            ForEach-Object { Get-VM -Id $_ -ErrorAction Stop @connection } |
            ForEach-Object { $_ | Add-Member -NotePropertyMembers @{ ElementName = $_.Name } -Force -PassThru }
    }
}

# What scripts written for the older modules call.
. (Join-Path $PSScriptRoot 'Compatibility.ps1')

# Names of the modules of 2014 and of 2015 to 2026. Those that PowerShell takes for the same as a function above
# (Set-OvsPortName, Add-OvsPort) need no alias.
Set-Alias -Name Get-VMNetworkAdapterWithOVSPort -Value Get-VMNetworkAdapterOVSPort
Set-Alias -Name Set-VMNetworkAdapterOVSPortDirect -Value Set-VMNetworkAdapterOVSPortByVMName
Set-Alias -Name Add-Flow -Value Add-OVSFlow
Set-Alias -Name Delete-Flows -Value Remove-OVSFlow
Set-Alias -Name Dump-Flows -Value Get-OVSFlow
Set-Alias -Name Dump-OFPorts -Value Get-OVSPortStatistic
Set-Alias -Name Dump-OFPortsDesc -Value Get-OVSPortDescription

Export-ModuleMember -Alias * -Function @(
    'Set-VMNetworkAdapterOVSPort'
    'Get-VMNetworkAdapterOVSPort'
    'Remove-VMNetworkAdapterOVSPort'
    'Get-VMNetworkAdapterByOVSPort'
    'Get-VMByOVSPort'
    'Set-VMNetworkAdapterOVSPortByVMName'
    'Set-OVSPortName'
    'Add-OVSPort'
    'Add-OVSFlow'
    'Remove-OVSFlow'
    'Get-OVSFlow'
    'Get-OVSPortStatistic'
    'Get-OVSPortDescription'
)
