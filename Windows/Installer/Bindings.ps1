<#
.SYNOPSIS
Saves, restores or disables the extension on this host's virtual switches; ovs-setup.exe runs it.

.PARAMETER Action
save: write down the switches that have it enabled; restore: enable it on these; disable: disable it on all.

.PARAMETER Path
The file of switches: an identifier on each line, and behind it the name, for people.
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

function Get-SavedLine {
    if (Test-Path -LiteralPath $Path) { Get-Content -LiteralPath $Path -Encoding UTF8 | Where-Object { $_ } }
}

# What went wrong with one switch does not keep the others from their turn.
$failed = 0
switch ($Action) {
    'save' {
        # An earlier file is of an attempt that did not get to the end: its switches still count. Names may be those of several.
        $lines = @(Get-EnabledSwitch | ForEach-Object { "$($_.Id) $($_.Name)" }) + @(Get-SavedLine)
        $lines | Select-Object -Unique | Set-Content -LiteralPath $Path -Encoding UTF8
    }
    'restore' {
        $left = @()
        foreach ($line in @(Get-SavedLine)) {
            $id = $line.Split(' ')[0]
            $found = @(Get-VMSwitch | Where-Object { "$($_.Id)" -eq $id })
            if ($found.Count -eq 0) {
                Write-Output "the switch $line is gone"
                continue
            }
            try {
                $null = Enable-VMSwitchExtension -VMSwitch $found[0] -Name $extension
            } catch {
                Write-Output "not enabled on $line`: $_"
                $left += $line
                $failed = 1
            }
        }
        if ($left.Count -gt 0) { $left | Set-Content -LiteralPath $Path -Encoding UTF8 }
        elseif (Test-Path -LiteralPath $Path) { Remove-Item -LiteralPath $Path }
    }
    'disable' {
        foreach ($enabled in @(Get-EnabledSwitch)) {
            try {
                $null = Disable-VMSwitchExtension -VMSwitch $enabled -Name $extension
            } catch {
                Write-Output "not disabled on $($enabled.Id) $($enabled.Name): $_"
                $failed = 1
            }
        }
    }
}
exit $failed
