/**
 * Notices, while statements are under way, that the other side has fallen silent for good. A statement may take long, so
 * its own silence says nothing; what counts is that a new question is not answered either.
 *
 * @param answered asks such a question; false when nothing came back
 * @param giveUp ends every connection, so that what waits on them fails
 */
export function watchSilence(silenceMs: number, answered: (ms: number) => Promise<boolean>, giveUp: () => void) {
  let underWay = 0;
  let timer: NodeJS.Timeout | undefined;
  const again = () => {
    timer = setTimeout(async () => {
      if (!(await answered(silenceMs / 2))) giveUp();
      if (underWay > 0) again();
      else timer = undefined;
    }, silenceMs / 2);
    timer.unref();
  };
  return async <T>(work: () => Promise<T>): Promise<T> => {
    underWay += 1;
    if (timer === undefined) again();
    try {
      return await work();
    } finally {
      underWay -= 1;
      if (underWay === 0) {
        clearTimeout(timer);
        timer = undefined;
      }
    }
  };
}
