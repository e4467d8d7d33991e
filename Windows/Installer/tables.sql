-- What wixl has no words for; Windows/Installer/package runs each line on the finished database, @VERSION@ replaced.
-- The programs' folder at the end of PATH, as long as the tools are installed.
CREATE TABLE `Environment` (`Environment` CHAR(72) NOT NULL, `Name` CHAR(255) NOT NULL LOCALIZABLE, `Value` CHAR(255) LOCALIZABLE, `Component_` CHAR(72) NOT NULL PRIMARY KEY `Environment`)
INSERT INTO `Environment` (`Environment`, `Name`, `Value`, `Component_`) VALUES ('Path', '=-*PATH', '[~];[ProgramFolder]', 'SwitchControl')
INSERT INTO `InstallExecuteSequence` (`Action`, `Sequence`) VALUES ('RemoveEnvironmentStrings', 3300)
INSERT INTO `InstallExecuteSequence` (`Action`, `Sequence`) VALUES ('WriteEnvironmentStrings', 5200)
-- The former version goes before the new one comes, within one transaction, so that a failed upgrade is undone.
UPDATE `InstallExecuteSequence` SET `Sequence` = 1510 WHERE `Action` = 'RemoveExistingProducts'
-- A package of the same version is replaced too (513: features are kept, the highest version is included).
DELETE FROM `Upgrade` WHERE `ActionProperty` = 'WIX_UPGRADE_DETECTED'
INSERT INTO `Upgrade` (`UpgradeCode`, `VersionMax`, `Attributes`, `ActionProperty`) VALUES ('{C310AD87-42C1-4E42-96CA-F6168478BFE6}', '@VERSION@', 513, 'WIX_UPGRADE_DETECTED')
-- wixl forgets the mark of texts with variables in them.
UPDATE `Registry` SET `Value` = '#%%SystemRoot%\System32\EventCreate.exe' WHERE `Name` = 'EventMessageFile'
-- It takes actions of an undone installation for others: 256 and 1024 are its marks.
UPDATE `CustomAction` SET `Type` = 3410 WHERE `Action` = 'UndoDriver'
UPDATE `CustomAction` SET `Type` = 3410 WHERE `Action` = 'BringDriverBack'
UPDATE `CustomAction` SET `Type` = 3410 WHERE `Action` = 'StartServicesAgain'
-- What an administrator says on the command line, or a search found, reaches the half of the installer that runs as the system.
UPDATE `Property` SET `Value` = 'OTHERSERVICE;PURGE;REQUIREDRIVER;WIX_DOWNGRADE_DETECTED;WIX_UPGRADE_DETECTED' WHERE `Property` = 'SecureCustomProperties'
