/** How likely each thing goes wrong, each time it could. */
export type Faults = {
  /** The trigger's message never reaches the station. */
  readonly dropTrigger: number;
  /** The gate tells of two neighbours with their indexes exchanged. */
  readonly swapReadings: number;
  readonly dropReading: number;
  readonly noRead: number;
  /** The divert command is lost on its way, or only its echo on the way back. */
  readonly loseCommand: number;
  readonly loseEcho: number;
  readonly loseConfirm: number;
  readonly lateConfirm: number;
  /** The sorter loses track of a parcel, which then runs to the end of the belt. */
  readonly loseTrack: number;
  readonly loseQuery: number;
  readonly paperOut: number;
  readonly lateLabel: number;
  /** Nobody hears how a job ended; the label may have come out or not. */
  readonly loseLabelOutcome: number;
  readonly silentScale: number;
  readonly stopLane: number;
  /** Per input: the engine dies before it, after its commit, or between its effects. */
  readonly crash: number;
};

export const noFaults: Faults = {
  dropTrigger: 0,
  swapReadings: 0,
  dropReading: 0,
  noRead: 0,
  loseCommand: 0,
  loseEcho: 0,
  loseConfirm: 0,
  lateConfirm: 0,
  loseTrack: 0,
  loseQuery: 0,
  paperOut: 0,
  lateLabel: 0,
  loseLabelOutcome: 0,
  silentScale: 0,
  stopLane: 0,
  crash: 0,
};

export const manyFaults: Faults = {
  dropTrigger: 0.05,
  swapReadings: 0.06,
  dropReading: 0.04,
  noRead: 0.04,
  loseCommand: 0.04,
  loseEcho: 0.04,
  loseConfirm: 0.05,
  lateConfirm: 0.04,
  loseTrack: 0.03,
  loseQuery: 0.2,
  paperOut: 0.06,
  lateLabel: 0.05,
  loseLabelOutcome: 0.08,
  silentScale: 0.1,
  stopLane: 0.02,
  crash: 0.015,
};
