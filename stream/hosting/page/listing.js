// Asks once a second, and draws the table anew.
const EVERY_MS = 1000;
const body = document.querySelector("tbody");
const summary = document.getElementById("summary");

const count = (value) => value.toLocaleString("en");

const rate = ({ state, fps, budget_hz }) => (state === "live" ? `${fps.toFixed(1)} of ${budget_hz}` : "");

/** What `sonolucent top` and `sonolucent control` are given. */
const ports = ({ metrics, control }) =>
  Object.entries({ metrics, control }).flatMap(([name, port]) => (port === null ? [] : [`${name} ${port}`])).join(", ");

function cell(text, kind = "") {
  const made = document.createElement("td");
  made.textContent = text;
  made.className = kind;
  return made;
}

/** The scanner's name, which leads to its viewer where it has one. */
function nameCell({ name, page }) {
  const made = document.createElement("th");
  made.scope = "row";
  const link = page ? document.createElement("a") : made;
  link.textContent = name;
  if (page) {
    link.href = page;
    made.append(link);
  }
  return made;
}

function stateCell({ state, said, restarts }) {
  const again = restarts ? `${restarts} restart${restarts > 1 ? "s" : ""}` : "";
  return cell([state, said, again].filter(Boolean).join(", "), "state");
}

function row(scanner) {
  const made = document.createElement("tr");
  made.dataset.state = scanner.state;
  made.append(
    nameCell(scanner),
    stateCell(scanner),
    cell(rate(scanner), "number"),
    cell(count(scanner.frames_in), "number more"),
    cell(count(scanner.frames_out), "number more"),
    cell(count(scanner.dropped), scanner.dropped ? "number lost" : "number"),
    cell(scanner.source, "text more"),
    cell(scanner.model, "text more"),
    cell(scanner.record, "text more"),
    cell(ports(scanner), "text more"),
  );
  return made;
}

/** Told aloud, so only where it changes. */
function sum(text, isBad) {
  if (summary.textContent !== text) summary.textContent = text;
  summary.classList.toggle("lost", isBad);
}

/** Who is on a link with the keyboard stays on it. */
function draw(scanners) {
  const focused = document.activeElement?.href;
  body.replaceChildren(...scanners.map(row));
  if (focused) [...body.querySelectorAll("a")].find(({ href }) => href === focused)?.focus();
  const live = scanners.filter(({ state }) => state === "live").length;
  const failed = scanners.filter(({ state }) => state === "failed").map(({ name }) => name);
  sum(`${live} of ${scanners.length} live${failed.length ? `; failed: ${failed.join(", ")}` : ""}`, failed.length > 0);
}

async function look() {
  try {
    draw(await (await fetch("scanners.json")).json());
  } catch {
    sum("the host does not answer: it has ended, or its connection is cut", true);
  }
  setTimeout(look, EVERY_MS);
}

look();
