// The system call filter as classic BPF, generated here so that no native library is needed.
// It closes what namespaces leave open: kernel key rings, nested namespaces, io_uring, raw socket families.

/** Architectures with known numbers; elsewhere no sandbox is offered. */
export type FilterArch = 'x64' | 'arm64';

interface Numbers {
  readonly audit: number;
  readonly calls: Readonly<Record<string, number>>;
}

/** From 424 on, every architecture shares the numbers. */
const SHARED = {
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  clone3: 435,
  mount_setattr: 442,
  quotactl_fd: 443,
  open_tree_attr: 467,
} as const;

const NUMBERS: Readonly<Record<FilterArch, Numbers>> = {
  x64: {
    audit: 0xc000003e,
    calls: {
      ...SHARED,
      ioctl: 16,
      socket: 41,
      socketpair: 53,
      clone: 56,
      syslog: 103,
      pivot_root: 155,
      acct: 163,
      settimeofday: 164,
      mount: 165,
      umount2: 166,
      swapon: 167,
      swapoff: 168,
      reboot: 169,
      iopl: 172,
      ioperm: 173,
      init_module: 175,
      delete_module: 176,
      quotactl: 179,
      clock_settime: 227,
      kexec_load: 246,
      add_key: 248,
      request_key: 249,
      keyctl: 250,
      unshare: 272,
      perf_event_open: 298,
      open_by_handle_at: 304,
      setns: 308,
      process_vm_readv: 310,
      process_vm_writev: 311,
      finit_module: 313,
      kexec_file_load: 320,
      bpf: 321,
      userfaultfd: 323,
    },
  },
  arm64: {
    audit: 0xc00000b7,
    calls: {
      ...SHARED,
      ioctl: 29,
      umount2: 39,
      mount: 40,
      pivot_root: 41,
      quotactl: 60,
      acct: 89,
      unshare: 97,
      kexec_load: 104,
      init_module: 105,
      delete_module: 106,
      clock_settime: 112,
      syslog: 116,
      reboot: 142,
      settimeofday: 170,
      socket: 198,
      socketpair: 199,
      add_key: 217,
      request_key: 218,
      keyctl: 219,
      clone: 220,
      swapon: 224,
      swapoff: 225,
      perf_event_open: 241,
      open_by_handle_at: 265,
      setns: 268,
      process_vm_readv: 270,
      process_vm_writev: 271,
      finit_module: 273,
      bpf: 280,
      userfaultfd: 282,
      kexec_file_load: 294,
    },
  },
};

const ERRNO = { eperm: 1, enosys: 38, eafnosupport: 97 } as const;
const RET_ALLOW = 0x7fff0000;
const RET_ERRNO = 0x00050000;
const RET_KILL_PROCESS = 0x80000000;

/** Callers fall back to the older calls when these are not there, which the filter can look into. */
const ABSENT = new Set(['io_uring_setup', 'io_uring_enter', 'io_uring_register', 'clone3']);
/** Decided by their arguments below. */
const BY_ARGUMENT = new Set(['clone', 'ioctl', 'socket', 'socketpair']);

/** Every CLONE_NEW* flag that clone(2) takes in its low 32 bits. */
const CLONE_NEW_FLAGS = 0x7e020000;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK; the network name space is empty but for the loopback. */
const SOCKET_FAMILIES = [1, 2, 10, 16];
const X32_BIT = 0x40000000;

const LOAD = 0x20;
const RETURN = 0x06;
const JUMP_EQUAL = 0x15;
const JUMP_SET = 0x45;
const JUMP_AT_LEAST = 0x35;
const OFFSET_NUMBER = 0;
const OFFSET_ARCH = 4;
const offsetOfArgument = (index: number): number => 16 + 8 * index;

interface Instruction {
  readonly code: number;
  readonly k: number;
  readonly jumpTrue: number;
  readonly jumpFalse: number;
}

const load = (offset: number): Instruction => ({ code: LOAD, k: offset, jumpTrue: 0, jumpFalse: 0 });
const give = (value: number): Instruction => ({ code: RETURN, k: value, jumpTrue: 0, jumpFalse: 0 });
const jump = (code: number, k: number, jumpTrue: number, jumpFalse: number): Instruction => ({
  code,
  k,
  jumpTrue,
  jumpFalse,
});

/** The architecture of this process, when the filter knows it. */
export function filterArch(arch: string = process.arch): FilterArch | null {
  return arch === 'x64' || arch === 'arm64' ? arch : null;
}

/** The program as the kernel reads it: 8 bytes an instruction, little endian. */
export function seccompFilter(arch: FilterArch): Buffer {
  const program = instructions(NUMBERS[arch], arch);
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach((instruction, index) => {
    bytes.writeUInt16LE(instruction.code, index * 8);
    bytes.writeUInt8(instruction.jumpTrue, index * 8 + 2);
    bytes.writeUInt8(instruction.jumpFalse, index * 8 + 3);
    bytes.writeUInt32LE(instruction.k >>> 0, index * 8 + 4);
  });
  return bytes;
}

function instructions(numbers: Numbers, arch: FilterArch): Instruction[] {
  const program: Instruction[] = [
    load(OFFSET_ARCH),
    jump(JUMP_EQUAL, numbers.audit, 1, 0),
    give(RET_KILL_PROCESS),
    load(OFFSET_NUMBER),
  ];
  if (arch === 'x64') program.push(jump(JUMP_AT_LEAST, X32_BIT, 0, 1), give(RET_ERRNO | ERRNO.enosys));
  for (const [name, number] of Object.entries(numbers.calls)) {
    if (BY_ARGUMENT.has(name)) {
      const body = byArgument(name);
      program.push(jump(JUMP_EQUAL, number, 0, body.length), ...body);
    } else {
      const errno = ABSENT.has(name) ? ERRNO.enosys : ERRNO.eperm;
      program.push(jump(JUMP_EQUAL, number, 0, 1), give(RET_ERRNO | errno));
    }
  }
  program.push(give(RET_ALLOW));
  return program;
}

/** Instructions that end in a return on every path; entered when the call's number matched. */
function byArgument(name: string): Instruction[] {
  if (name === 'clone') {
    return [
      load(offsetOfArgument(0)),
      jump(JUMP_SET, CLONE_NEW_FLAGS, 0, 1),
      give(RET_ERRNO | ERRNO.eperm),
      give(RET_ALLOW),
    ];
  }
  if (name === 'ioctl') {
    return [
      load(offsetOfArgument(1)),
      jump(JUMP_EQUAL, TIOCSTI, 1, 0),
      jump(JUMP_EQUAL, TIOCLINUX, 0, 1),
      give(RET_ERRNO | ERRNO.eperm),
      give(RET_ALLOW),
    ];
  }
  const tests = SOCKET_FAMILIES.map((family, index) =>
    jump(JUMP_EQUAL, family, SOCKET_FAMILIES.length - index, 0),
  );
  return [load(offsetOfArgument(0)), ...tests, give(RET_ERRNO | ERRNO.eafnosupport), give(RET_ALLOW)];
}
