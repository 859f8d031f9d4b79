// Switches the language of the page; loads nothing, stores nothing.
const page = document.documentElement;
const title = document.querySelector("title");
const language = document.getElementById("language");

function show(code) {
  page.lang = code;
  document.title = title.dataset[code];
}

language.hidden = false;
language.addEventListener("click", () => show(page.lang === "id" ? "en" : "id"));
if (location.hash === "#en") show("en");
