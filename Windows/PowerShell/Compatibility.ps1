# What scripts written for the modules of 2014 and of 2015 to 2026 call: ports named after machines, and Open vSwitch's own
# programs. A part of OVS.psm1, which has the aliases.

# Runs one of Open vSwitch's programs: the one installed with this module's package, else the one in PATH.
function Invoke-OVSProgram {
    param ([string] $Program, [string[]] $ProgramArgument)

    $installed = Join-Path $env:ProgramFiles "Open vSwitch\bin\$Program.exe"
    $command = if (Test-Path -LiteralPath $installed) { $installed } else { "$Program.exe" }
    if (-not (Get-Command -Name $command -CommandType Application -ErrorAction SilentlyContinue)) {
        throw "$Program.exe was not found; install the feature OpenvSwitchCLI of the Open vSwitch package."
    }
    & $command @ProgramArgument
    if ($LASTEXITCODE -ne 0) { throw "$Program.exe $($ProgramArgument -join ' ') failed with exit code $LASTEXITCODE." }
}

# A name as Hyper-V's cmdlets take it literally: brackets in the name of a machine are no pattern.
function ConvertTo-Literal {
    param ([string] $Name)

    [System.Management.Automation.WildcardPattern]::Escape($Name)
}

function Set-VMNetworkAdapterOVSPortByVMName {
    <#
    .SYNOPSIS
    Attaches the first network adapter of a machine to an Open vSwitch port.

    .DESCRIPTION
    For scripts that call Set-VMNetworkAdapterOVSPortDirect, and for lists. Set-VMNetworkAdapterOVSPort says which adapter is meant.

    .PARAMETER VMName
    The machine.

    .PARAMETER OVSPortName
    The name of the interface, as for Set-VMNetworkAdapterOVSPort.

    .INPUTS
    Objects with the properties VMName and OVSPortName.

    .OUTPUTS
    None.

    .EXAMPLE
    Set-VMNetworkAdapterOVSPortByVMName -VMName VM1 -OVSPortName port1

    Makes the first adapter of VM1 the interface port1.

    .EXAMPLE
    Import-Csv ports.csv | Set-VMNetworkAdapterOVSPortByVMName

    Does so for each line of a list with the columns VMName and OVSPortName.

    .LINK
    Set-VMNetworkAdapterOVSPort
    #>
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
    param (
        [Parameter(Mandatory = $true, Position = 0, ValueFromPipelineByPropertyName = $true)]
        [ValidateNotNullOrEmpty()]
        [string] $VMName,

        [Parameter(Mandatory = $true, Position = 1, ValueFromPipelineByPropertyName = $true)]
        [ValidateScript({ Assert-OVSPortName $_ })]
        [string] $OVSPortName
    )
    process {
        try {
            $adapter = Get-VMNetworkAdapter -VMName (ConvertTo-Literal $VMName) -ErrorAction Stop | Select-Object -First 1
            if ($null -eq $adapter) { throw "Machine '$VMName' has no network adapter." }
            if ($PSCmdlet.ShouldProcess("machine '$VMName'", "Set the OVS port name '$OVSPortName'")) {
                Set-VMNetworkAdapterOVSPort -VMNetworkAdapter $adapter -OVSPortName $OVSPortName -Confirm:$false -ErrorAction Stop
            }
        } catch {
            Write-Error -Message "$_" -Category InvalidOperation -ErrorId SetOVSPortName -TargetObject $VMName
        }
    }
}

function Set-OVSPortName {
    <#
    .SYNOPSIS
    Names the Open vSwitch port of a machine after the machine.

    .DESCRIPTION
    The name is "port-" and the machine's name, in small letters. It is returned.

    .PARAMETER VMName
    The machine.

    .PARAMETER Mac
    The MAC address of the adapter meant, if the machine has several.

    .OUTPUTS
    System.String

    .EXAMPLE
    Set-OVSPortName VM1

    Makes the adapter of VM1 the interface port-vm1.

    .LINK
    Set-VMNetworkAdapterOVSPort
    #>
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
    [OutputType([string])]
    param (
        [Parameter(Mandatory = $true, Position = 0)]
        [ValidateNotNullOrEmpty()]
        [string] $VMName,

        [Parameter(Position = 1)]
        [string] $Mac
    )
    $wanted = $Mac -replace '[-:.]', ''
    $adapters = @(Get-VMNetworkAdapter -VMName (ConvertTo-Literal $VMName) -ErrorAction Stop |
            Where-Object { -not $wanted -or $_.MacAddress -eq $wanted })
    if ($adapters.Count -ne 1) {
        throw "Machine '$VMName' has $($adapters.Count) such network adapters; say which one with -Mac."
    }
    $name = "port-$VMName".ToLowerInvariant()
    if ($PSCmdlet.ShouldProcess("machine '$VMName'", "Set the OVS port name '$name'")) {
        Set-VMNetworkAdapterOVSPort -VMNetworkAdapter $adapters[0] -OVSPortName $name -Confirm:$false -ErrorAction Stop
    }
    $name
}

function Add-OVSPort {
    <#
    .SYNOPSIS
    Names the Open vSwitch port of a machine after the machine, and adds it to a bridge.

    .DESCRIPTION
    Set-OVSPortName, and ovs-vsctl.exe add-port with the name. A port that is on the bridge already stays.

    .PARAMETER BridgeName
    The bridge.

    .PARAMETER VMName
    The machine.

    .PARAMETER Mac
    The MAC address of the adapter meant, if the machine has several.

    .OUTPUTS
    None.

    .EXAMPLE
    Add-OVSPort br0 VM1

    Makes the adapter of VM1 the interface port-vm1 of br0.

    .LINK
    Set-OVSPortName
    #>
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
    param (
        [Parameter(Mandatory = $true, Position = 0)]
        [ValidateNotNullOrEmpty()]
        [string] $BridgeName,

        [Parameter(Mandatory = $true, Position = 1)]
        [ValidateNotNullOrEmpty()]
        [string] $VMName,

        [Parameter(Position = 2)]
        [string] $Mac
    )
    if ($PSCmdlet.ShouldProcess("bridge '$BridgeName'", "Add the port of machine '$VMName'")) {
        $name = Set-OVSPortName -VMName $VMName -Mac $Mac -Confirm:$false
        Invoke-OVSProgram -Program ovs-vsctl -ProgramArgument '--timeout=60', '--may-exist', 'add-port', $BridgeName, $name
    }
}

function Add-OVSFlow {
    <#
    .SYNOPSIS
    Adds an OpenFlow flow to a bridge.

    .DESCRIPTION
    Runs ovs-ofctl.exe add-flow.

    .PARAMETER FlowCmd
    The flow, as ovs-ofctl takes it.

    .PARAMETER Target
    The bridge, or where it listens for OpenFlow. Unless given, tcp:127.0.0.1:6633, which a bridge listens on after
    ovs-vsctl.exe set-controller BRIDGE ptcp:6633:127.0.0.1.

    .OUTPUTS
    None.

    .EXAMPLE
    Add-OVSFlow 'priority=10,arp,actions=normal' -Target br0

    Adds a flow to br0.

    .LINK
    Get-OVSFlow
    #>
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Low')]
    param (
        [Parameter(Mandatory = $true, Position = 0)]
        [ValidateNotNullOrEmpty()]
        [string] $FlowCmd,

        [Parameter(Position = 1)]
        [string] $Target = 'tcp:127.0.0.1:6633'
    )
    if ($PSCmdlet.ShouldProcess($Target, "Add the flow '$FlowCmd'")) {
        Invoke-OVSProgram -Program ovs-ofctl -ProgramArgument 'add-flow', $Target, $FlowCmd
    }
}

function Remove-OVSFlow {
    <#
    .SYNOPSIS
    Removes OpenFlow flows from a bridge.

    .DESCRIPTION
    Runs ovs-ofctl.exe del-flows.

    .PARAMETER FlowCmd
    Which flows to remove, as ovs-ofctl takes it; all of them unless given.

    .PARAMETER Target
    The bridge, or where it listens for OpenFlow; tcp:127.0.0.1:6633 unless given.

    .OUTPUTS
    None.

    .EXAMPLE
    Remove-OVSFlow 'in_port=1' -Target br0

    Removes the flows of br0 that match packets from port 1.

    .LINK
    Add-OVSFlow
    #>
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
    param (
        [Parameter(Position = 0)]
        [string] $FlowCmd,

        [Parameter(Position = 1)]
        [string] $Target = 'tcp:127.0.0.1:6633'
    )
    if ($PSCmdlet.ShouldProcess($Target, "Remove flows '$FlowCmd'")) {
        $programArgument = @('del-flows', $Target)
        if ($FlowCmd) { $programArgument += $FlowCmd }
        Invoke-OVSProgram -Program ovs-ofctl -ProgramArgument $programArgument
    }
}

function Get-OVSFlow {
    <#
    .SYNOPSIS
    Prints the OpenFlow flows of a bridge.

    .DESCRIPTION
    Runs ovs-ofctl.exe dump-flows.

    .PARAMETER Target
    The bridge, or where it listens for OpenFlow; tcp:127.0.0.1:6633 unless given.

    .OUTPUTS
    System.String

    .EXAMPLE
    Get-OVSFlow br0

    Prints the flows of br0.

    .LINK
    Add-OVSFlow
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param (
        [Parameter(Position = 0)]
        [string] $Target = 'tcp:127.0.0.1:6633'
    )
    Invoke-OVSProgram -Program ovs-ofctl -ProgramArgument 'dump-flows', $Target
}

function Get-OVSPortStatistic {
    <#
    .SYNOPSIS
    Prints the counters of the OpenFlow ports of a bridge.

    .DESCRIPTION
    Runs ovs-ofctl.exe dump-ports.

    .PARAMETER Target
    The bridge, or where it listens for OpenFlow; tcp:127.0.0.1:6633 unless given.

    .OUTPUTS
    System.String

    .EXAMPLE
    Get-OVSPortStatistic br0

    Prints packets, bytes, drops and errors of each port of br0.

    .LINK
    Get-OVSPortDescription
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param (
        [Parameter(Position = 0)]
        [string] $Target = 'tcp:127.0.0.1:6633'
    )
    Invoke-OVSProgram -Program ovs-ofctl -ProgramArgument 'dump-ports', $Target
}

function Get-OVSPortDescription {
    <#
    .SYNOPSIS
    Prints the OpenFlow ports of a bridge: numbers, names, addresses and states.

    .DESCRIPTION
    Runs ovs-ofctl.exe dump-ports-desc.

    .PARAMETER Target
    The bridge, or where it listens for OpenFlow; tcp:127.0.0.1:6633 unless given.

    .OUTPUTS
    System.String

    .EXAMPLE
    Get-OVSPortDescription br0

    Prints the ports of br0.

    .LINK
    Get-OVSPortStatistic
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param (
        [Parameter(Position = 0)]
        [string] $Target = 'tcp:127.0.0.1:6633'
    )
    Invoke-OVSProgram -Program ovs-ofctl -ProgramArgument 'dump-ports-desc', $Target
}
