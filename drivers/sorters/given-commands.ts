/** Far more than are ever under way; an older one cannot be asked again any more. */
const rememberedCommands = 512;

/** A command given once more is not sent once more: who gives it again gets the answer of the first time. */
export function createGivenCommands<Answer>() {
  const given = new Map<string, Promise<Answer>>();
  return {
    find: (commandId: string) => given.get(commandId),
    remember: (commandId: string, answer: Promise<Answer>) => {
      given.set(commandId, answer);
      const oldest = given.size > rememberedCommands ? given.keys().next().value : undefined;
      if (oldest !== undefined) given.delete(oldest);
    },
    /** Nothing of it left the station: it may be given again. */
    forget: (commandId: string) => void given.delete(commandId),
  };
}
