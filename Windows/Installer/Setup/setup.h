// ovs-setup.exe: what the installer cannot say in its tables. It may also be run by hand, as an administrator.
//
// Each step writes what it did to %ProgramData%\openvswitch\logs\setup.log, and says in one line what is wrong and what
// to do about it.

#ifndef OVS_SETUP_H
#define OVS_SETUP_H

#define WIN32_LEAN_AND_MEAN
#include <stdbool.h>
#include <windows.h>

enum { maximumPathCharacters = 1024, maximumOutputBytes = 16384 };

// Exit codes.
enum { setupDone = 0, setupFailed = 1, setupMisused = 2 };

// Places

typedef struct {
  wchar_t programs[maximumPathCharacters];  // where ovs-setup.exe lies: …\Open vSwitch\bin
  wchar_t product[maximumPathCharacters];   // …\Open vSwitch
  wchar_t data[maximumPathCharacters];      // %ProgramData%\openvswitch
  wchar_t logs[maximumPathCharacters];      // %ProgramData%\openvswitch\logs
  wchar_t system[maximumPathCharacters];    // System32
} Places;

bool findPlaces(Places *places);
void join(wchar_t *path, const wchar_t *folder, const wchar_t *name);
bool exists(const wchar_t *path);

// The log

void openLog(const Places *places);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Other programs

typedef struct {
  DWORD exitCode;
  char output[maximumOutputBytes + 1];  // what it wrote, without the last line end; cut if longer
} Outcome;

// Runs a program and waits for it; false if it could not be started or did not end in time. Says so either way.
bool runProgram(const wchar_t *program, const wchar_t *arguments, DWORD limitMilliseconds, Outcome *outcome);

// Whether Windows has to be restarted before what was done takes effect. It forgets that by itself when it is restarted;
// Restart.c tells the installer.

#define restartKey L"SOFTWARE\\Apus\\Open vSwitch\\Restart"

// The switch daemon, which has the driver's device open

bool stopSwitchDaemon(void);   // whether it ran
void startSwitchDaemon(void);

// The driver

typedef enum { driverMissing, driverDifferent, driverCurrent } DriverState;

DriverState driverState(const Places *places);
bool hasHyperV(void);

// Steps

int prepareData(const Places *places);
int installDriver(const Places *places);
int removeDriver(const Places *places);
int setRecovery(void);
int stopServices(const Places *places);
int startServices(void);
int check(const Places *places);
int collect(const Places *places, const wchar_t *folder);
int purge(const Places *places);

#endif
