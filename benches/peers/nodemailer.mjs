// Sends the letter to every reader through nodemailer's own pool.
//
//   node nodemailer.mjs MODULES PORT CONNECTIONS LETTER READERS COUNT [KEY]
//
// The letter's parts are cut at their marks once; a personal copy is a join. With KEY every message is signed.

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const [modules, port, connections, letterFile, readersFile, count, keyFile] = process.argv.slice(2);
const nodemailer = createRequire(`${modules}/`)('nodemailer');
const letter = JSON.parse(readFileSync(letterFile, 'utf8'));

const MARKS = /\{\{(name|address|unsubscribe)\}\}/;
const compile = part => part.split(MARKS);
const fill = (cut, fields) => cut.map((piece, at) => (at % 2 ? fields[piece] : piece)).join('');
const escape = text => text.replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`);
const [text, html] = [compile(letter.text), compile(letter.html)];

const readers = readFileSync(readersFile, 'utf8').split('\n').slice(1, Number(count) + 1).map((line, at) => {
  const [address, name] = line.split(',');
  return { number: at + 1, address, name };
});

const options = {
  pool: true,
  host: '127.0.0.1',
  port: Number(port),
  secure: false,
  ignoreTLS: true,
  maxConnections: Number(connections),
  maxMessages: Infinity,
};
if (keyFile) {
  options.dkim = { domainName: 'news.example.org', keySelector: 'press', privateKey: readFileSync(keyFile, 'utf8') };
}
const transport = nodemailer.createTransport(options);

let next = 0;
async function work() {
  while (next < readers.length) {
    const { number, address, name } = readers[next++];
    const unsubscribe = `https://news.example.org/u/${number.toString(36).padStart(26, '0')}`;
    await transport.sendMail({
      from: letter.from,
      to: { name, address },
      subject: letter.subject,
      messageId: `<2026-11.${number}@news.example.org>`,
      envelope: { from: `b+${number}@news.example.org`, to: address },
      headers: {
        'List-Id': 'Spring Notes <general.news.example.org>',
        'List-Unsubscribe': `<${unsubscribe}>`,
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      },
      text: fill(text, { name, address, unsubscribe }),
      html: fill(html, { name: escape(name), address: escape(address), unsubscribe }),
      textEncoding: 'quoted-printable',
    });
  }
}

// A few more than connections are kept waiting, so that none of them ever is idle.
await Promise.all(Array.from({ length: Number(connections) * 2 }, work));
transport.close();
