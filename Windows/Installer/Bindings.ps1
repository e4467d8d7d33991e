<#
.SYNOPSIS
Saves, restores or disables the extension on this host's virtual switches; ovs-setup.exe runs it.

.PARAMETER Action
save: write the names of the switches that have it enabled; restore: enable it on these; disable: disable it on all.

.PARAMETER Path
The file of names, one on a line.
#>
[CmdletBinding()]
param (
    [Parameter(Mandatory = $true)]
    [ValidateSet('save', 'restore', 'disable')]
    [string] $Action,

    [Parameter(Mandatory = $true)]
    [string] $Path
)

$ErrorActionPreference = 'Stop'
$extension = 'Open vSwitch Extension'

function Get-EnabledSwitch {
    Get-VMSwitch | Where-Object {
        Get-VMSwitchExtension -VMSwitch $_ | Where-Object { $_.Name -eq $extension -and $_.Enabled }
    }
}

switch ($Action) {
    'save' {
        # An earlier file is of an attempt that did not get to the end: its names still count.
        $names = @(Get-EnabledSwitch | ForEach-Object { $_.Name })
        if (Test-Path -LiteralPath $Path) { $names += @(Get-Content -LiteralPath $Path -Encoding UTF8) }
        $names | Select-Object -Unique | Set-Content -LiteralPath $Path -Encoding UTF8
    }
    'restore' {
        if (Test-Path -LiteralPath $Path) {
            foreach ($name in @(Get-Content -LiteralPath $Path -Encoding UTF8)) {
                if ($name) { $null = Enable-VMSwitchExtension -VMSwitchName $name -Name $extension }
            }
            Remove-Item -LiteralPath $Path
        }
    }
    'disable' {
        foreach ($enabled in @(Get-EnabledSwitch)) {
            $null = Disable-VMSwitchExtension -VMSwitch $enabled -Name $extension
        }
    }
}
