/** One outstanding job per printer, first come first served, shared by every lane that has it. */
export type Reservation = { readonly laneId: string; readonly parcelId: string };

type Slot = {
  ready: boolean;
  odometer: number | null;
  jobId: string | null;
  readonly waiting: Reservation[];
};

export type PrinterQueue = ReturnType<typeof createPrinterQueue>;

export function createPrinterQueue() {
  const slots = new Map<string, Slot>();
  const slotOf = (printerId: string): Slot => {
    const known = slots.get(printerId);
    if (known !== undefined) return known;
    const fresh: Slot = { ready: false, odometer: null, jobId: null, waiting: [] };
    slots.set(printerId, fresh);
    return fresh;
  };
  return {
    reserve: (printerId: string, reservation: Reservation) =>
      void slotOf(printerId).waiting.push(reservation),
    /** Takes the next one waiting if the printer is ready and free; the caller marks the job it leads to. */
    grant():
      | { readonly printerId: string; readonly reservation: Reservation; readonly odometer: number | null }
      | undefined {
      for (const [printerId, slot] of slots) {
        const reservation = slot.ready && slot.jobId === null ? slot.waiting.shift() : undefined;
        if (reservation !== undefined) return { printerId, reservation, odometer: slot.odometer };
      }
      return undefined;
    },
    occupy(printerId: string, jobId: string): void {
      slotOf(printerId).jobId = jobId;
    },
    release(jobId: string, odometer: number | null | undefined, ready: boolean): void {
      for (const slot of slots.values()) {
        if (slot.jobId !== jobId) continue;
        slot.jobId = null;
        if (odometer !== undefined) slot.odometer = odometer;
        if (!ready) slot.ready = false;
      }
    },
    setReady(printerId: string, ready: boolean, odometer: number | null | undefined): void {
      const slot = slotOf(printerId);
      slot.ready = ready;
      if (odometer !== undefined && slot.jobId === null) slot.odometer = odometer;
    },
  };
}
