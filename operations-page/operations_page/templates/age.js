const written = document.getElementById("written");
const minutes = Math.floor((Date.now() - Date.parse(written.dateTime)) / 60000);
const [size, noun] = minutes < 120 ? [1, "minute"] : minutes < 2880 ? [60, "hour"] : [1440, "day"];
const number = Math.floor(minutes / size);
document.getElementById("age").textContent = ` (${number} ${noun}${number === 1 ? "" : "s"} ago)`;
document.documentElement.classList.toggle("is-old", minutes > 120);
