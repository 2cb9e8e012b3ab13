// Lets the reader choose the severities that the list of checks shows.
const marks = [...document.querySelectorAll(".severity")]

if (marks.length) {
  const filter = document.createElement("p")
  filter.className = "severities"
  filter.append("Show: ")
  for (const severity of new Set(marks.map((mark) => mark.textContent))) {
    const box = document.createElement("input")
    const label = document.createElement("label")
    box.type = "checkbox"
    box.checked = true
    box.addEventListener("change", () => {
      for (const mark of marks.filter((mark) => mark.textContent === severity))
        mark.closest("tr").hidden = !box.checked
    })
    label.append(box, ` ${severity}s`)
    filter.append(label)
  }
  document.querySelector("#configuration-and-files").before(filter)
}
