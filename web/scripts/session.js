// Leads back to the login page, and from there to this very page, when the session has ended.
(() => {
  const ask = async () => {
    try {
      const answer = await fetch("/session", { cache: "no-store" });
      if (answer.status === 401) {
        const here = location.pathname + location.search;
        location.replace("/login?next=" + encodeURIComponent(here));
      }
    } catch {
      // the network is away: the next time tells
    }
  };
  setInterval(ask, 30000);
  document.addEventListener("visibilitychange", () => document.hidden || ask());
})();
