import { CcciError } from '../errors.ts'

/** The app is still deployed: its files may change while they are read, or are written over under its feet. */
export class AppStillDeployedError extends CcciError {
  constructor(stack: string, running: string[]) {
    super({
      happened: `${stack} is still deployed, so its volumes are left as they are.`,
      lastSeen: running.join('\n'),
      todo: 'Undeploy the app and wait until its containers are gone.',
    })
  }
}

/** A container of somebody else uses a volume of the app. */
export class VolumeInUseError extends CcciError {
  constructor(volume: string, containers: string[]) {
    super({
      happened: `The volume ${volume} is in use.`,
      lastSeen: `by ${containers.join(', ')}`,
      todo: 'Stop and remove what uses it.',
    })
  }
}

/** The app has no volumes: there is nothing to keep. */
export class NoVolumesError extends CcciError {
  constructor(stack: string) {
    super({
      happened: `${stack} has no volumes, so there is nothing to take a snapshot of. An older snapshot is as it was.`,
      todo: 'Was it ever deployed on this engine? An app that keeps nothing needs no snapshot.',
    })
  }
}

/** Somebody else takes, checks or restores a snapshot of the same recipe at this moment. */
export class SnapshotBusyError extends CcciError {}

/** There is no snapshot of the recipe, or it is one of an app with another name. */
export class NoSnapshotError extends CcciError {}

/** The snapshot on the disk is not what was written there. Nothing was touched. */
export class SnapshotDamagedError extends CcciError {
  /** What is wrong, a line each. */
  readonly damage: string[]

  constructor(folder: string, damage: string[], cause?: unknown) {
    super({
      happened: 'The snapshot is damaged and was not restored; the volumes are as they were.',
      lastSeen: damage.join('\n'),
      todo: 'Put an intact copy of the files in their place, or make the app anew and take a new snapshot. Does the disk report errors?',
      evidence: folder,
      cause,
    })
    this.damage = damage
  }
}

/** A snapshot could not be taken. The one before is as it was. */
export class SnapshotFailedError extends CcciError {
  constructor(what: string, lastSeen: string, cause?: unknown) {
    super({
      happened: `No snapshot of ${what} could be taken; the one before is as it was.`,
      lastSeen,
      todo: 'Is the disk full, or does somebody change the volume? What was written of the new one is removed.',
      cause,
    })
  }
}

/** A snapshot could not be put back whole: the volumes hold a part of it. It can be restored again. */
export class RestoreFailedError extends CcciError {}

/** The helper image has no GNU tar with xattrs and ACLs, or no zstd. */
export class SnapshotToolsMissingError extends CcciError {
  constructor(image: string, lastSeen: string) {
    super({
      happened: `The helper image ${image} cannot pack volumes.`,
      lastSeen,
      todo: 'Name an image that has GNU tar (with xattrs and ACLs), find and zstd: the setting helperImage, or CCCI_HELPER_IMAGE.',
    })
  }
}
