import { Loader } from "@mantine/core";
import { useCallback, useEffect, useMemo, useState } from "react";
import { type Access, findAccess, forgetToken, takeFromFragment } from "./connection/access.ts";
import { createCloudClient } from "./connection/cloud-client.ts";
import { createCloudClock } from "./connection/cloud-clock.ts";
import { createLive } from "./connection/live.ts";
import { CloudContext } from "./connection/use-cloud.ts";
import { Frame } from "./frame.tsx";
import { SignInPage } from "./sign-in/sign-in-page.tsx";
import { useTexts } from "./text/i18n.ts";

const clock = createCloudClock();
/** Read once: it leaves the address as it is read. */
const invitation = takeFromFragment("invitation");
const entrance = createCloudClient({ token: null, clock });

type State = { readonly access: Access | null; readonly isFound: boolean; readonly isEnded: boolean };

/** Nobody, or somebody and their pages. */
export function Console() {
  const { t } = useTexts();
  const [{ access, isFound, isEnded }, setState] = useState<State>({
    access: null,
    isFound: invitation !== null,
    isEnded: false,
  });
  useEffect(() => {
    if (isFound) return;
    void findAccess(clock).then((found) => setState({ access: found, isFound: true, isEnded: false }));
  }, [isFound]);
  const onSignedOut = useCallback((isWanted: boolean): void => {
    forgetToken();
    setState({ access: null, isFound: true, isEnded: !isWanted });
  }, []);
  if (!isFound) return <Loader m="xl" aria-label={t("loading")} />;
  if (access !== null) return <Signed access={access} onSignedOut={onSignedOut} />;
  return (
    <SignInPage
      client={entrance}
      clock={clock}
      invitation={invitation}
      isEnded={isEnded}
      onAccess={(given) => setState({ access: given, isFound: true, isEnded: false })}
    />
  );
}

function Signed({ access, onSignedOut }: { access: Access; onSignedOut: (isWanted: boolean) => void }) {
  const client = useMemo(
    () =>
      createCloudClient({
        token: access.kind === "token" ? access.token : null,
        clock,
        onSignedOut: () => onSignedOut(false),
      }),
    [access, onSignedOut],
  );
  const live = useMemo(() => createLive(client, clock), [client]);
  useEffect(() => live.start(), [live]);
  const cloud = useMemo(() => ({ client, clock, live, access }), [client, live, access]);
  const signOut = async (): Promise<void> => {
    if (access.kind === "person") await client.send("/v1/auth/sign-out");
    onSignedOut(true);
  };
  return (
    <CloudContext.Provider value={cloud}>
      <Frame onSignOut={() => void signOut()} />
    </CloudContext.Provider>
  );
}
