/** One line that breaks a promise, and the test that must go red of it. */
export type Sabotage = {
  readonly name: string;
  readonly file: string;
  /** Found exactly once in the file. */
  readonly text: string;
  readonly instead: string;
  readonly test: string;
  /** Only the tests of this name, to be quick. */
  readonly only?: string;
};

type Line = readonly [name: string, text: string, instead: string, test: string, only?: string];

const inFile = (file: string, ...lines: readonly Line[]): Sabotage[] =>
  lines.map(([name, text, instead, test, only]) => ({
    name,
    file,
    text,
    instead,
    test,
    ...(only !== undefined && { only }),
  }));

const TRANSITIONS = 'test/unit/target-transitions.test.ts';
const ORDER = 'test/unit/claim-order.test.ts';
const WHOSE = 'test/unit/whose.test.ts';
const STEPS = 'test/sim/steps.test.ts';
const FOUND = 'test/sim/replay.test.ts';
const STORE = 'test/contract/transfer-store.test.ts';
const EVENTS = 'test/flow/misleading-events.test.ts';
const WORDS = 'test/contract/s3-words.test.ts';
const EVIDENCE = 'test/flow/evidence.test.ts';

export const SABOTAGES: readonly Sabotage[] = [
  ...inFile('shared/target/hold-target.ts', [
    "a hold's margin is 0",
    'const MARGIN_MS = 15_000',
    'const MARGIN_MS = 0',
    STEPS,
    'cut off well before',
  ]),
  ...inFile(
    'shared/target/hold-transitions.ts',
    [
      'a deletion and a proof hold at once',
      "if (there && isInTheWay(there, as, by)) return 'busy';",
      '',
      TRANSITIONS,
      'is not held as',
    ],
    [
      'an unanswered request is forgotten',
      'return isAnswered ? rest : { ...rest, hold: kept };',
      'return rest;',
      STEPS,
      'never answered',
    ],
    [
      'of two that hold at once the first to end is not heard',
      'if (own < 0)',
      'if (own < layers.length - 1)',
      TRANSITIONS,
      'whoever ends first',
    ],
    [
      'a shorter hold replaces a longer one',
      'Math.max(hold?.until ?? 0, until)',
      'until',
      TRANSITIONS,
      'no hold is shortened',
    ],
    [
      'whoever claims takes the file before for its own',
      "return isTold ? file : { state: 'unknown' };",
      'return file;',
      STEPS,
      'counts as ours only',
    ],
  ),
  ...inFile(
    'shared/target/claim-order.ts',
    [
      'an older version takes the target of a newer one',
      "if (sameSource && age(mine.owner, theirs) < 0) return 'older';",
      '',
      ORDER,
    ],
    ['a held target is taken', "if (isHeld) return 'busy';", '', ORDER],
    ['sequencers are padded on the left', 'padEnd(length', 'padStart(length', ORDER],
    [
      'a file is sent while a deletion may be under way',
      'const isRemoved = hold?.removal === true && mine.hold !== undefined;',
      'const isRemoved = false;',
      ORDER,
      'op=delete',
    ],
    [
      'a listing beats an event of the same second',
      'Number(isListing(b)) - Number(isListing(a))',
      'Number(isListing(a)) - Number(isListing(b))',
      ORDER,
    ],
  ),
  ...inFile('shared/target/orphans.ts', [
    'orphaned sessions are forgotten',
    'return { ...from, orphans: [...known, ...left].slice(-ORPHANS_KEPT) };',
    'return { ...from, orphans: known };',
    TRANSITIONS,
  ]),
  ...inFile(
    'shared/target/upload-transitions.ts',
    [
      'a spoiled file is not replaced',
      "(mine?.overwrite ?? false) || before?.state === 'spoiled'",
      'mine?.overwrite ?? false',
      TRANSITIONS,
      'spoiled',
    ],
    ['a restart is forgotten', 'restarted: true } };', 'restarted: false } };', TRANSITIONS, 'another SHA-1'],
    [
      'one answer stands for two inits',
      'return inits.length > 0',
      'return inits.length > 9',
      TRANSITIONS,
      'never taken for answered',
    ],
    [
      'a late adoption hides the session since',
      "if (last !== instead) return 'moved-on';",
      '',
      TRANSITIONS,
      'taken up late',
    ],
    [
      'a call whose transfer is over writes an upload down',
      "(from.active ? next(from) : 'not-active')",
      'next(from)',
      TRANSITIONS,
      'what is left of a call',
    ],
    [
      'the session before is forgotten by an intent',
      '...(before && { before }),\n      },\n    };\n  });',
      '},\n    };\n  });',
      TRANSITIONS,
    ],
  ),
  ...inFile('shared/target/transitions.ts', [
    'the upload that the owner opened is forgotten for the one before',
    'if (from.upload?.transferId !== upload.transferId)',
    'if (!from.upload)',
    TRANSITIONS,
    'never the one that the owner opened',
  ]),
  ...inFile('shared/api/expire-uploads.ts', [
    'a relay that nobody started stays opening',
    'await startMachine(transfer, services.machine);',
    '',
    FOUND,
    'revived-version',
  ]),
  ...inFile('shared/events/object-arrived.ts', [
    'a version that a call began has no place among the events',
    'const known = await inItsPlace(found, source, services);',
    'const known = found;',
    FOUND,
    'event-of-a-version',
  ]),
  ...inFile(
    'shared/target/recognise.ts',
    [
      'an orphaned session passes for foreign',
      'isRecorded || target?.orphans.some((orphan) => isOrphan(orphan, listed))',
      'isRecorded',
      WHOSE,
    ],
    [
      'somebody’s slices pass for ours',
      'isOpening && listed.held.length === 0 && listed.size',
      'isOpening && listed.size',
      WHOSE,
    ],
    ['a session of other sizes is ours', '&& fits && hasSliceSize(transfer, listed)', '', WHOSE],
  ),
  ...inFile('shared/target/abandon-session.ts', [
    'a deletion does not ask twice',
    "if (again.kind !== 'unfinished' || again.session !== session) return false;",
    '',
    STEPS,
    'went away before',
  ]),
  ...inFile('shared/target/abandon-session.ts', [
    'room is made for a version that is over',
    "transfer.why === 'in-the-way' && mayTakeTheFile",
    'mayTakeTheFile && !transfer.id',
    FOUND,
    'cancel-meets',
  ]),
  ...inFile(
    'shared/relay/held-slices.ts',
    [
      'a damaged slice counts as held',
      'const sound = without(listed.held, damagedSlices(all, session, windows));',
      'const sound = listed.held;',
      WHOSE,
    ],
    [
      'verified believes the list',
      'return believed ? [...sound, ...confirmed] : confirmed;',
      'return [...sound, ...confirmed];',
      WHOSE,
    ],
    [
      'slices of a session that is gone count',
      'windows.filter((window) => window.session === session).flatMap',
      'windows.flatMap',
      WHOSE,
    ],
  ),
  ...inFile(
    'shared/relay/list-slices.ts',
    [
      'after a gap the list is not taken strictly',
      'const strict = gaps > 0 && round === 0;',
      'const strict = false;',
      STEPS,
      'refused to finish',
    ],
    [
      'a list that lags ends the transfer',
      "if (outcome !== 'stalled') return outcome;",
      "if (outcome !== 'stalled') return outcome;\n  throw new NoProgress('stalled');",
      FOUND,
      'list-lags',
    ],
  ),
  ...inFile('shared/relay/open-session.ts', [
    'an intent is not written',
    'const target = await recordIntent(transfer, there, services);',
    'const target = await services.store.getTarget(targetName(transfer.target));',
    STEPS,
    'before COS is asked',
  ]),
  ...inFile('shared/relay/open-upload.ts', [
    'whoever lost the target ends without a word',
    'if (isActive(transfer)) throw',
    'if (transfer.attempts < 0) throw',
    FOUND,
    'superseded-without',
  ]),
  ...inFile('shared/relay/record-session.ts', [
    'a cancelled transfer deletes the file before it',
    'if (!upload?.replaces) await',
    'await',
    STEPS,
    'would take the file',
  ]),
  ...inFile(
    'shared/relay/prove.ts',
    [
      'stat is not compared in size',
      'if (file.size !== size || file.received !== size) {',
      'if (size < 0) {',
      STEPS,
      'is not stored',
    ],
    [
      'stat is not compared in SHA-1',
      'sha1 !== undefined && file.sha1 !== sha1) {',
      'sha1 !== undefined && sha1.length < 0) {',
      STEPS,
      'is not stored',
    ],
  ),
  ...inFile(
    'shared/worker/send-slice.ts',
    [
      'a wrong MD5 is believed',
      'if (put.md5 === md5 || (',
      'if (put.md5 !== undefined || (',
      STEPS,
      'comes back wrong',
    ],
    ['damage is not written down', 'await noteDamage(slice);', '', STEPS, 'comes back wrong'],
  ),
  ...inFile('shared/s3/range-requests.ts', [
    'a range is read without If-Match',
    "'if-match'",
    "'x-match'",
    'test/contract/s3-source.test.ts',
    'another version',
  ]),
  ...inFile(
    'shared/slices/slices.ts',
    [
      'a slice of another length counts as held',
      'there !== length',
      'there === undefined',
      'test/unit/slices.test.ts',
    ],
    [
      'ranges that only touch are not joined',
      'offset <= last.offset + last.length',
      'offset < last.offset + last.length',
      'test/unit/slices.test.ts',
    ],
  ),
  ...inFile('shared/told-error.ts', [
    'secrets are told',
    "SHAPES.reduce((clean, shape) => clean.replace(shape, '[withheld]'), text)",
    'text',
    'test/unit/told-error.test.ts',
  ]),
  ...inFile('shared/records/dynamo-store.ts', [
    'a write does not ask who wrote since',
    "'revision = :seen'",
    "'revision <> :seen OR revision = :seen'",
    STORE,
    'a replace loses',
  ]),
  ...inFile(
    'shared/records/dynamo-locks.ts',
    ['a lock of the dead is never free', 'FREE} OR $', 'FREE} AND $', STORE, 'a lock of somebody'],
    [
      'a lock is given back by whoever asks',
      "'#by = :by'",
      "'#by = :by OR #by <> :by'",
      STORE,
      'a lock of somebody',
    ],
  ),
  ...inFile('shared/api/start-transfer.ts', [
    'a call that was asked again begins another transfer',
    'if (own && isActive(own)) return own;',
    '',
    FOUND,
    'start-of-a-machine',
  ]),
  ...inFile(
    'shared/events/source-place.ts',
    [
      'a receipt is relayed (E1)',
      'bucket === RECEIPTS_BUCKET && key',
      'bucket !== RECEIPTS_BUCKET && key',
      EVENTS,
      'E1',
    ],
    [
      'an event of another bucket is relayed (E14)',
      'if (bucket === SOURCE_BUCKET && key',
      'if (bucket !== "" && key',
      EVENTS,
      'E14',
    ],
  ),
  ...inFile(
    'shared/lambda/read-s3-event.ts',
    ['a sequencer that is none is taken (E14)', '/^[0-9a-f]{0,64}$/i', '/^.*$/i', EVENTS, 'E14'],
    [
      'the version "null" identifies an object (E2)',
      'z.string().transform(identifyingVersion)',
      'z.string().transform((told) => identifyingVersion(told) ?? told)',
      EVENTS,
      'E2',
    ],
  ),
  ...inFile('shared/events/object-arrived.ts', [
    'an event is believed over S3 (E13)',
    'source: { ...told, ...object }',
    'source: { ...object, ...told }',
    EVENTS,
    'E13',
  ]),
  ...inFile('shared/s3/signed-addresses.ts', [
    'a URL parser takes "." out of a signed path (E4)',
    'target: url.slice(slash)',
    'target: new URL(url).pathname + new URL(url).search',
    WORDS,
    'E4',
  ]),
  ...inFile(
    'shared/s3/refusal-of-s3.ts',
    [
      'an object that moved passes for trouble that passes (E11)',
      'return new SourceMoved(',
      'return new SourceUnavailable(',
      WORDS,
      'E11',
    ],
    [
      'an archived object is only denied (E6)',
      'return new SourceArchived(said);',
      'return new SourceDenied(said, { wayOut });',
      WORDS,
      'E6',
    ],
  ),
  ...inFile('shared/cos/transport.ts', [
    'after a dead connection the next kept one is tried (E7)',
    'failed();\n      throw new CosUnavailable',
    'throw new CosUnavailable',
    'test/contract/frozen-connections.test.ts',
  ]),
  ...inFile('shared/s3/range-requests.ts', [
    'an expired address is not signed anew (E5)',
    'if (signed > 1 || !(isOld || asksToResign(refusal))) throw error;',
    'if (signed > 0) throw error;',
    WORDS,
    'E5',
  ]),
  ...inFile(
    'shared/s3/object-metadata.ts',
    [
      'a header in UTF-8 is read as Latin-1 (E8)',
      "return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, 'latin1'));",
      'return bytes;',
      WORDS,
      'E8',
    ],
    ['a lost Expires is not told (E16)', "['expires', isThere('expires')],", '', WORDS, 'E16'],
  ),
  ...inFile('shared/transfer/register-transfer.ts', [
    'an object above the ceiling is begun (E17)',
    'if (size > maxObjectBytes)',
    'if (size > 9 * maxObjectBytes)',
    'test/flow/evidence.test.ts',
    'E17',
  ]),
  ...inFile('shared/records/change-transfer.ts', [
    'whoever writes over a call’s record forgets the place of the version',
    'return known && isActive(stored) ? inSequence(stored, known.source) : stored;',
    'return stored;',
    STEPS,
    'brings the place',
  ]),
  ...inFile('shared/relay/record-session.ts', [
    'a call that stalled writes an old session down',
    'hasMovedOn(from, transfer, session)',
    'from.attempts < 0',
    STEPS,
    'that stalled leaves',
  ]),
  ...inFile('shared/relay/list-slices.ts', [
    'a list is written to the record of another session',
    'isOf(transfer, from) ? toListed(',
    "from.state === 'sending' ? toListed(",
    STEPS,
    'to the record of the next',
  ]),
  ...inFile('shared/backfill/carry-listed.ts', [
    'a backfill takes what it began again for the event at work',
    '&& event.execution === 1;',
    ';',
    FOUND,
    'backfill-drops',
  ]),
  ...inFile('shared/api/expire-uploads.ts', [
    'what a dead batch wrote down stays opening',
    'await forEach({ ...LISTED, before: now - UNSTARTED_LISTED_MS }, start);',
    '',
    FOUND,
    'batch-died',
  ]),
  ...inFile('shared/target/claim-order.ts', [
    'a dead listing keeps the event of its version away',
    'age(mine.owner, theirs) > 0 || isEventOf(mine.owner, theirs)',
    'age(mine.owner, theirs) > 0',
    ORDER,
    'gives way',
  ]),
  ...inFile('shared/target/recognise.ts', [
    'a file of the same size passes for ours (E3)',
    "if (options.onExisting !== 'skip-same-size' || options.integrity === 'sha1') return undefined;",
    '',
    EVIDENCE,
    'E3',
  ]),
  ...inFile('shared/events/object-arrived.ts', [
    'the marker of a folder is relayed (E9)',
    'if (isFolder(arrived)) return makeFolder(told, to.target, services, time);',
    '',
    EVENTS,
    'E9',
  ]),
  ...inFile('shared/records/dynamo-store.ts', [
    'a long path is a key of the table as it is (E10)',
    'Buffer.byteLength(name) <= MAX_NAME_BYTES ?',
    "name !== '' ?",
    EVIDENCE,
    'E10',
  ]),
  ...inFile('shared/s3/object-metadata.ts', [
    'metadata of the name of a property is lost (E12)',
    'name.startsWith(USER) && name.length > USER.length',
    'name.startsWith(USER) && !(name.slice(USER.length) in {})',
    WORDS,
    'E12',
  ]),
  ...inFile('local/s3/drop/settled-files.ts', [
    'a file that is not taken is passed over without a word (E15)',
    'walkBucket(folder, (entry) => skipped.push(entry))',
    'walkBucket(folder)',
    'test/contract/s3-drop.test.ts',
    'E15',
  ]),
  ...inFile('shared/cos/transport.ts', [
    'a long body is cut off though it moves (D1)',
    'socket?.setTimeout(limitMs, () => socket.destroy(new TimedOut(limitMs)));',
    'setTimeout(() => socket?.destroy(new TimedOut(limitMs)), limitMs).unref();',
    'test/contract/slow-line.test.ts',
    'while it moves',
  ]),
  ...inFile('shared/api/access.ts', [
    'a caller may do anything to what another began (A1)',
    'if (isShared(caller, config) || of.caller === caller.name)',
    'if (config)',
    'test/flow/api-access.test.ts',
    'A1',
  ]),
  ...inFile('shared/records/dynamo-list.ts', [
    'a list ends with the first answer of the table (A2)',
    'start = page.LastEvaluatedKey;',
    '',
    STORE,
    'A2',
  ]),
  ...inFile('shared/target/claim-target.ts', [
    'a target whose owner is over stays taken (A3)',
    'if (taken.target && (await isFreed(services, taken.target))) continue;',
    '',
    'test/flow/two-executions.test.ts',
    'A3',
  ]),
  ...inFile('shared/records/dynamo-slices.ts', [
    'each slice of a client is a row (A4)',
    'const SLICES_A_ROW = 64;',
    'const SLICES_A_ROW = 1;',
    'test/contract/client-slices.test.ts',
    'A4',
  ]),
  ...inFile('shared/api/start-transfer.ts', [
    'a transfer is written down before its key (A5)',
    'const winner = key ?',
    'await registerTransfer(source, { target, options }, services, { restart: true, begunBy });\n  const winner = key ?',
    'test/flow/api-access.test.ts',
    'A5',
  ]),
  ...inFile('shared/told-error.ts', [
    'what others say in an error is told (A6)',
    'OWN.has(name) ? withoutSecrets(error.message)',
    'OWN ? error.message',
    'test/unit/told-error.test.ts',
    'A6',
  ]),
  ...inFile('local/dev/main.ts', [
    'an empty token is a token (A7)',
    'if (/^\\S+$/.test(text)) return text;',
    'return text;',
    'test/flow/dev-token.test.ts',
    'A7',
  ]),
  ...inFile('shared/api/check-digests.ts', [
    'a digest’s name is looked up as a property (A8)',
    'ALGORITHMS.get(algorithm)',
    'Object.fromEntries(ALGORITHMS)[algorithm]',
    'test/unit/check-digests.test.ts',
    'A8',
  ]),
  ...inFile('shared/config.ts', [
    'records may end before their execution (A9)',
    'between(15, 3_650, 90)',
    'between(1, 3_650, 90)',
    'test/unit/parameters.test.ts',
    'A9',
  ]),
  ...inFile('shared/target/recognise.ts', [
    'a session whose target’s record expired is foreign (A9)',
    "const isOwn = !recordedIn(upload) && transfer.state === 'sending' && transfer.session === listed.session;",
    'const isOwn = false;',
    'test/flow/two-executions.test.ts',
    'A9',
  ]),
];
