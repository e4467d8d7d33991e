// What: what the files of this folder offer each other and, by the names that begin with `apus_`, Swift.

#pragma once

#include <stdint.h>
#include <windows.h>

// Swift's entry point; Scripts/windows gives it this name. Its arguments are not looked at.
int apus_program(int count, char **words);

// MARK: Main.c

/// How many words the command line has, the program's own name included.
int32_t apus_argument_count(void);
/// One word of the command line, zero-terminated UTF-16.
const wchar_t *apus_argument(int32_t index);
/// Ends the program; a service says first with which status.
void apus_exit(int32_t status);

// MARK: Service.c

/// Hands the program to the service manager, which runs it and returns when it has stopped; gives a Win32 error.
uint32_t apus_service_run(void);
/// Whether the service manager runs this program.
int32_t apus_service_is_running(void);
/// Tells the service manager that the service is ready.
void apus_service_ready(void);
/// Tells the service manager that the service has ended, with a status of the program's own.
void apus_service_ended(int32_t status);
/// Has the service manager start the service anew when it fails; gives a Win32 error.
uint32_t apus_service_restart_on_failure(void);

// MARK: Termination.c

/// Has a request to end post a packet to a completion port, from now on.
uint32_t apus_termination_open(uintptr_t port);
/// Whether somebody has asked the program to end, and `apus_termination_take` has not said so yet.
int32_t apus_termination_is_pending(void);
/// What was asked: 0 nothing, 2 an interrupt from the keyboard, 15 an end.
int32_t apus_termination_take(void);
/// Asks for the program's end, from any thread.
void apus_termination_request(int32_t kind);

// MARK: Hash.c

/// Writes the 20 bytes of the SHA-1 of some bytes; gives a Win32 error.
uint32_t apus_sha1(const void *bytes, uintptr_t count, void *digest);
