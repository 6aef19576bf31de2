/* Before anything is drawn: the theme that the reader chose; without a choice the system's holds. */
try {
  const chosen = localStorage.getItem("bestiary-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch { /* a browser that keeps nothing */ }
