"""A disk that fails as a test wants it: a library that the program is started with.

It watches the calls for files below $DISK_FOLDER. They are counted over the process's life, and told of in
$DISK_LOG, as is a reply with "durable" in it. $DISK_FAULT says what goes wrong: "CALL NUMBER WHAT", CALL being any, open,
write, fsync, rename or close, NUMBER that of the call of this kind ("3+": from there on), and WHAT an errno's
number, "short" (write one byte), "before" or "after" (the process is killed). Where a file of the
name $DISK_FULL exists, every write fails for want of space.
"""

import os

import preloaded

SHIM = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int Below(int fd, char *path, size_t size) {
  char link[64];
  const char *folder = getenv("DISK_FOLDER");
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const long length = syscall(SYS_readlink, link, path, size - 1);
  if (folder == NULL || length <= 0) return 0;
  path[length] = 0;
  return strncmp(path, folder, strlen(folder)) == 0;
}

static void Log(const char *call, const char *what) {
  const char *name = getenv("DISK_LOG");
  char line[600];
  if (name == NULL) return;
  const int fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int length = snprintf(line, sizeof line, "%s %s\n", call, what);
  syscall(SYS_write, fd, line, length);
  syscall(SYS_close, fd);
}

static void Kill(void) {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

/* 0: go on; -1: die afterwards; -2: write one byte; else fail with this errno. */
static int Fault(const char *call) {
  static long counts[8];
  static const char *names[] = {"any", "open", "write", "fsync", "rename", "close", NULL};
  char wanted[16], number[16], what[16];
  const char *fault = getenv("DISK_FAULT");
  if (fault == NULL || sscanf(fault, "%15s %15s %15s", wanted, number, what) != 3) return 0;
  if (strcmp(wanted, "any") != 0 && strcmp(wanted, call) != 0) return 0;
  int kind = 0;
  while (names[kind] != NULL && strcmp(names[kind], wanted) != 0) ++kind;
  const long count = __sync_add_and_fetch(&counts[kind], 1);
  const long from = atol(number);
  if (count != from && !(strchr(number, '+') != NULL && count > from)) return 0;
  if (strcmp(what, "before") == 0) Kill();
  if (strcmp(what, "after") == 0) return -1;
  if (strcmp(what, "short") == 0) return -2;
  return atoi(what);
}

static int Open(int folder, const char *name, int flags, int mode) {
  char path[512];
  int fault = 0;
  if ((flags & O_CREAT) != 0 && folder != AT_FDCWD && Below(folder, path, sizeof path)) {
    fault = Fault("open");
    Log("open", name);
    if (fault > 0) return errno = fault, -1;
  }
  const int fd = (int)syscall(SYS_openat, folder, name, flags, mode);
  if (fault == -1) Kill();
  return fd;
}

#define MODE                                   \
  int mode = 0;                                \
  if ((flags & (O_CREAT | O_TMPFILE)) != 0) {  \
    va_list rest;                              \
    va_start(rest, flags);                     \
    mode = va_arg(rest, int);                  \
    va_end(rest);                              \
  }
int openat(int folder, const char *name, int flags, ...) { MODE return Open(folder, name, flags, mode); }
int openat64(int folder, const char *name, int flags, ...) { MODE return Open(folder, name, flags, mode); }

ssize_t write(int fd, const void *bytes, size_t size) {
  char path[512];
  int fault = 0;
  if (Below(fd, path, sizeof path)) {
    const char *full = getenv("DISK_FULL");
    fault = Fault("write");
    Log("write", strrchr(path, '/'));
    if (full != NULL && syscall(SYS_faccessat, AT_FDCWD, full, F_OK) == 0) fault = ENOSPC;
    if (fault > 0) return errno = fault, -1;
    if (fault == -2 && size > 1) size = 1;
  } else if (fd == 1 && memmem(bytes, size, "durable", 7) != NULL) {
    Log("reply", "");
  }
  const ssize_t written = syscall(SYS_write, fd, bytes, size);
  if (fault == -1) Kill();
  return written;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  for (size_t i = 0; i < message->msg_iovlen; ++i) {
    const struct iovec *part = &message->msg_iov[i];
    if (memmem(part->iov_base, part->iov_len, "durable", 7) != NULL) Log("reply", "");
  }
  return syscall(SYS_sendmsg, fd, message, flags);
}

int fsync(int fd) {
  char path[512];
  int fault = 0;
  if (Below(fd, path, sizeof path)) {
    fault = Fault("fsync");
    Log("fsync", strrchr(path, '/'));
    if (fault > 0) return errno = fault, -1;
  }
  const int result = (int)syscall(SYS_fsync, fd);
  if (fault == -1) Kill();
  return result;
}

int renameat(int old_folder, const char *old_name, int folder, const char *name) {
  char path[512];
  int fault = 0;
  if (Below(folder, path, sizeof path)) {
    fault = Fault("rename");
    Log("rename", name);
    if (fault > 0) return errno = fault, -1;
  }
  const int result = (int)syscall(SYS_renameat, old_folder, old_name, folder, name);
  if (fault == -1) Kill();
  return result;
}

int close(int fd) {
  char path[512];
  int fault = 0;
  if (Below(fd, path, sizeof path) && strstr(path, ".tmp") != NULL) {
    fault = Fault("close");
    Log("close", strrchr(path, '/'));
  }
  const int result = (int)syscall(SYS_close, fd);
  if (fault == -1) Kill();
  if (fault > 0) return errno = fault, -1;
  return result;
}
"""


def build(folder):
    """Makes the library; returns its path."""
    return preloaded.build(folder, "disk", SHIM)


class Disk:
    """The disk below `folder`, for the programs that are started with `environment`."""

    def __init__(self, library, folder):
        self._full = folder.parent / "disk-full"
        self._log = folder.parent / "disk-log"
        self._environment = {"LD_PRELOAD": str(library), "DISK_FOLDER": os.fspath(folder),
                             "DISK_FULL": str(self._full), "DISK_LOG": str(self._log),
                             "CHECKPOINT_DIR": str(folder)}

    def environment(self, fault=None):
        return self._environment | ({} if fault is None else {"DISK_FAULT": fault})

    def fill(self):
        self._full.touch()

    def empty(self):
        self._full.unlink()

    def calls(self):
        """[(call, name)] since the last time."""
        if not self._log.exists():
            return []
        lines = self._log.read_text().splitlines()
        self._log.unlink()
        return [tuple(line.split(" ", 1)) for line in lines]
