/**
 * Draws appPackage/color.png and appPackage/outline.png: a gauge that is three quarters full.
 * Run once after a change of the drawing (`node scripts/package/draw-icons.mjs`); the pictures are committed.
 * Pixel rules: Microsoft Teams, "Create your app package", icons.
 */
import { writeFileSync } from 'node:fs';
import { PNG } from 'pngjs';

const ACCENT = [14, 122, 111];
const WHITE = [255, 255, 255];
const SAMPLES = 8;

/** The gauge opens at the bottom: it starts at 225° and runs clockwise through 270°. */
const SWEEP = 270;

/** Position on the gauge in [0, 1], or null in the gap at the bottom. */
function alongGauge(x, y) {
  const degrees = (Math.atan2(x, -y) * 180) / Math.PI;
  const fromStart = degrees + SWEEP / 2;
  return fromStart < 0 || fromStart > SWEEP ? null : fromStart / SWEEP;
}

/** 'filled', 'empty' or null at a point given in units of the gauge's radius, y pointing down. */
function gaugeAt(x, y, { ring, level, needle, hub }) {
  const radius = Math.hypot(x, y);
  if (radius <= hub) return 'filled';
  const position = alongGauge(x, y);
  if (radius <= 1 && radius >= 1 - ring && position !== null) return position <= level ? 'filled' : 'empty';

  const angle = ((level * SWEEP - SWEEP / 2) * Math.PI) / 180;
  const tip = { x: Math.sin(angle), y: -Math.cos(angle) };
  const along = x * tip.x + y * tip.y;
  const across = Math.abs(x * tip.y - y * tip.x);
  return along > 0 && along < needle.length && across < needle.width / 2 ? 'filled' : null;
}

/** Opaque square in the accent color, symbol of 96 px in the middle (48 px padding), anti-aliased on the square. */
function colorIcon() {
  const size = 192;
  const png = new PNG({ width: size, height: size });
  const shape = { ring: 0.27, level: 0.75, needle: { length: 0.62, width: 0.14 }, hub: 0.17 };
  const strength = { filled: 1, empty: 0.38 };
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      let white = 0;
      for (let sample = 0; sample < SAMPLES * SAMPLES; sample += 1) {
        const px = (x + ((sample % SAMPLES) + 0.5) / SAMPLES - size / 2) / 48;
        // The open bottom makes the ring look high; 4 px down puts it into the optical middle.
        const py = (y + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES - size / 2 - 4) / 48;
        white += strength[gaugeAt(px, py, shape)] ?? 0;
      }
      const share = white / (SAMPLES * SAMPLES);
      const at = (y * size + x) * 4;
      for (let channel = 0; channel < 3; channel += 1) {
        png.data[at + channel] = Math.round(WHITE[channel] * share + ACCENT[channel] * (1 - share));
      }
      png.data[at + 3] = 255;
    }
  }
  return PNG.sync.write(png);
}

/** White or nothing, from edge to edge: Teams colors this icon itself and accepts no half-transparent pixel. */
function outlineIcon() {
  const size = 32;
  const png = new PNG({ width: size, height: size, colorType: 6 });
  const shape = { ring: 0.2, level: 0.75, needle: { length: 0.66, width: 0.19 }, hub: 0.23 };
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const drawn = gaugeAt((x + 0.5 - size / 2) / 16, (y + 0.5 - size / 2) / 16, shape) !== null;
      png.data.set([...WHITE, drawn ? 255 : 0], (y * size + x) * 4);
    }
  }
  return PNG.sync.write(png);
}

const folder = new URL('../../appPackage/', import.meta.url);
writeFileSync(new URL('color.png', folder), colorIcon());
writeFileSync(new URL('outline.png', folder), outlineIcon());
