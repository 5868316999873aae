// Shares or copies the text of a report. Without a script the link to WhatsApp and the text remain.
{
  const field = document.getElementById("share-text");
  const button = (name, act) => {
    const node = document.getElementById(`share-${name}`);
    node.hidden = false;
    node.addEventListener("click", () => act(node));
  };
  if (field && navigator.share) button("send", () => navigator.share({ text: field.value }).catch(() => {}));
  if (field && navigator.clipboard) button("copy", async (node) => {
    await navigator.clipboard.writeText(field.value);
    node.textContent = node.dataset.done;
  });
}
