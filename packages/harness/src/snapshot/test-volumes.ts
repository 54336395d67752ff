import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { type Helper, openHelper } from '../docker/helper.ts'

/** Works in a volume by a helper container that is gone afterwards. */
export async function inVolume<Value>(
  { docker, image }: { docker: Docker; image: string },
  volume: string,
  work: (helper: Helper) => Promise<Value>,
): Promise<Value> {
  const volumes = [{ name: volume, target: '/v', readOnly: false }]
  const helper = await openHelper(docker, { image, labels: { 'cc-ci.test': volume }, volumes })
  try {
    return await work(helper)
  } finally {
    await helper.close()
  }
}

/** setxattr(2), lgetxattr(2) and llistxattr(2) by their numbers: perl is in every Debian image, attr is not. */
const XATTR = `
my %numbers = (x86_64 => [188, 192, 195], aarch64 => [5, 9, 12]);
chomp(my $machine = \`uname -m\`);
my ($SET, $GET, $LIST) = @{$numbers{$machine} or die "no system call numbers of $machine"};
sub set { my ($path, $name, $value) = @_; syscall($SET, $path, $name, $value, length $value, 0) == 0 or die "$path $name: $!" }
sub get { my ($path, $name) = @_; my $room = "\\0" x 65536; my $size = syscall($GET, $path, $name, $room, 65536);
  $size >= 0 or die "$path $name: $!"; substr($room, 0, $size) }
sub list { my ($path) = @_; my $room = "\\0" x 65536; my $size = syscall($LIST, $path, $room, 65536);
  $size >= 0 or die "$path: $!"; sort split /\\0/, substr($room, 0, $size) }
`

/** Everything that a file system can hold and a careless archive loses. */
const NASTY = `
set -eu
cd /v
mkdir -p empty 'deep/a b/c' shut open owned
echo plain > plain
printf 'data in a hole' | dd of=sparse bs=1 seek=50M conv=notrunc status=none
truncate -s 70M sparse
truncate -s 3M holes-only
head -c 200000 /dev/zero > written-zeros
echo linked > one; ln one deep/two; ln one 'deep/a b/three'
ln -s plain link; ln -s /does/not/exist dangling; ln -s "$(printf 'odd\\ntarget')" odd-link; ln -s loop loop
mkfifo fifo; mknod character c 1 3; mknod block b 7 200
echo x > 'new
line'; echo x > "quote's \\"and\\" \\\\back"; echo x > ' space '; echo x > -rf; echo x > "$(printf 'not\\377utf8')"; echo x > 'ünï'
echo long > "$(printf 'x%.0s' $(seq 1 255))"
mkdir -p "deep/$(printf 'y%.0s' $(seq 1 200))/$(printf 'z%.0s' $(seq 1 200))"; echo l > "deep/$(printf 'y%.0s' $(seq 1 200))/$(printf 'z%.0s' $(seq 1 200))/file"
for id in 0 1 999 65534 70000; do echo $id > owned/$id; chown $id:$((70000 - id)) owned/$id; done
chown -h 33:33 link
echo s > setuid; chmod 6755 setuid; chmod 1777 open; chmod 2750 owned
echo n > nothing; chmod 0 nothing; echo i > shut/inside; chmod 0 shut
mkdir unread; chmod 711 .; chown 5:6 .
: > nothing-in-it
perl -e '${XATTR}
  set("plain", "user.note", "text");
  set("plain", "user.bytes", join "", map { chr } 0 .. 255);
  set("empty", "user.on a folder", "line\\nline");
  set(".", "user.root", "of the volume");
  set("setuid", "security.capability", pack("V5", 0x02000000, 0x400, 0, 0, 0));
  my $none = 0xffffffff;
  my $acl = pack("V", 2) . join "", map { pack("vvV", @$_) } [1, 6, $none], [2, 4, 70000], [4, 4, $none], [16, 4, $none], [32, 0, $none];
  set("one", "system.posix_acl_access", $acl);
  set("open", "system.posix_acl_default", $acl);
'
touch -h -d '2001-02-03T04:05:06.123456789Z' link plain one sparse
touch -d '1969-12-31T23:59:58.5Z' nothing
touch -d '2100-01-01T00:00:00.000000001Z' fifo
touch -d '2010-10-10T10:10:10.101010101Z' deep empty owned shut .
`

/** Fills a volume with {@link NASTY}. */
export const makeNasty = async (helper: Helper): Promise<void> => void (await helper.execOk(['sh', '-c', NASTY]))

/** A line for each file, with all that can be said of it; content and xattrs by their checksums. */
const LIST = `
set -eu
cd /v
find . -printf '%p\\t%y\\t%#m\\t%U:%G\\t%n\\t%s\\t%T@\\t%l\\t%b\\t%i\\0'
`
const SUMS = `cd /v; find . -type f -print0 | sort -z | xargs -0r sha256sum -z --`
const DEVICES = `cd /v; find . \\( -type c -o -type b \\) -print0 | sort -z | xargs -0r stat --printf '%n %t:%T\\0' --`
const XATTRS = `cd /v; find . -print0 | sort -z | perl -e '${XATTR}
  $/ = "\\0"; while (my $path = <STDIN>) { chomp $path; print "$path\\t$_\\t" . unpack("H*", get($path, $_)) . "\\0" for list($path) }'`

/** All that a volume holds, in lines that are equal when the volumes are. */
export async function listing(helper: Helper): Promise<string[]> {
  const print = async (script: string) =>
    (await helper.execOk(['bash', '-o', 'pipefail', '-c', script])).stdout.split('\0').filter(Boolean)
  const files = (await print(LIST)).map((line) => line.split('\t'))
  const names = Map.groupBy(files, (fields) => fields.at(-1))
  const lines = files.map((fields) => {
    const [blocks, inode] = fields.splice(-2)
    const isFile = fields[1] === 'f'
    const same = (names.get(inode) ?? []).map(([path]) => path).sort()
    return [...fields, isFile ? `${blocks} blocks` : '', isFile && same.length > 1 ? `= ${same.join(' = ')}` : ''].join(
      '\t',
    )
  })
  return [...lines.sort(), ...(await print(SUMS)), ...(await print(DEVICES)), ...(await print(XATTRS))]
}

/** Every file of a folder with its checksum. */
export function folderSums(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ]),
  )
}
