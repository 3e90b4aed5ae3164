// ---------------------------------------------------------------------------------------------
// Controls: each is an element with a `show` that brings it up to date without making it anew.

// A list to choose from; hidden where there is nothing to choose.
function choiceOf(label, onChange, least = 2) {
  const made = element("label", "kfunc-lab-choice");
  const list = element("select");
  made.append(element("span", "", label), list);
  keepKeys(list);
  list.addEventListener("change", () => onChange(list.value));
  let known = "";
  made.show = (pairs, value) => {
    made.hidden = pairs.length < least;
    const now = JSON.stringify(pairs);
    if (now !== known) {
      known = now;
      list.replaceChildren(
        ...pairs.map(([key, words]) => {
          const option = element("option", "", words);
          option.value = key;
          return option;
        }),
      );
    }
    list.value = String(value);
  };
  return made;
}

// A row of buttons of which one is pressed.
function segmentsOf(label, onChange) {
  const made = element("div", "kfunc-lab-segments");
  made.setAttribute("role", "group");
  made.setAttribute("aria-label", label);
  let known = "";
  made.show = (pairs, value) => {
    made.hidden = pairs.length < 2;
    const now = JSON.stringify(pairs);
    if (now !== known) {
      known = now;
      made.replaceChildren(
        ...pairs.map(([key, words]) => {
          const button = textButton(words, () => onChange(key));
          button.dataset.key = key;
          return button;
        }),
      );
    }
    for (const button of made.children) {
      button.setAttribute("aria-pressed", String(button.dataset.key === String(value)));
    }
  };
  return made;
}

function checkOf(label, onChange) {
  const made = element("label", "kfunc-lab-check");
  const box = element("input");
  box.type = "checkbox";
  box.addEventListener("change", () => onChange(box.checked));
  made.append(box, element("span", "", label));
  made.show = (isSeen, isOn) => {
    made.hidden = !isSeen;
    box.checked = isOn;
  };
  return made;
}

// A slider that says where it stands; hidden where there is one place only.
function sliderOf(label, onChange) {
  const made = element("label", "kfunc-lab-slider");
  const range = element("input");
  const said = element("output");
  range.type = "range";
  range.min = 0;
  keepKeys(range);
  range.addEventListener("input", () => {
    said.textContent = `${Number(range.value) + 1} / ${Number(range.max) + 1}`;
    onChange(Number(range.value));
  });
  made.append(element("span", "", label), range, said);
  made.show = (count, value) => {
    made.hidden = count < 2;
    range.max = count - 1;
    if (document.activeElement !== range) range.value = value;
    said.textContent = `${Number(range.value) + 1} / ${count}`;
  };
  return made;
}

// Earlier and later pages of something that is numbered.
function pagerOf(onChange) {
  const made = element("div", "kfunc-lab-pager");
  const said = element("span");
  const back = textButton("‹", () => onChange(-1));
  const on = textButton("›", () => onChange(1));
  made.append(back, said, on);
  made.show = ({ first, shown, total, label, before, after }) => {
    made.hidden = shown >= total;
    said.textContent = `${label} ${first}–${first + shown - 1} / ${total}`;
    back.setAttribute("aria-label", before);
    on.setAttribute("aria-label", after);
    back.disabled = first === 0;
    on.disabled = first + shown >= total;
  };
  return made;
}
