@{
    RootModule             = 'OVS.psm1'
    ModuleVersion          = '0.1.0'
    GUID                   = '0bf0fe42-556d-45ea-9452-972d35631b38'
    Author                 = 'Apus'
    CompanyName            = 'Apus'
    Copyright              = 'Apache License, Version 2.0'
    Description            = 'Attaches network adapters of Hyper-V machines to Open vSwitch ports by name.'

    # Windows Server 2012 R2 has PowerShell 4.0, which refuses a manifest with words of later versions, CompatiblePSEditions
    # among them. PowerShell 7 takes modules of this folder without it.
    PowerShellVersion      = '4.0'
    RequiredModules        = @('Hyper-V', 'CimCmdlets')

    FunctionsToExport      = @(
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
    AliasesToExport        = @(
        'Get-VMNetworkAdapterWithOVSPort'
        'Set-VMNetworkAdapterOVSPortDirect'
        'Add-Flow'
        'Delete-Flows'
        'Dump-Flows'
        'Dump-OFPorts'
        'Dump-OFPortsDesc'
    )
    CmdletsToExport        = @()
    VariablesToExport      = @()
}
