import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { type Language, languages, said, type Word } from './words.ts';

export { html } from 'htm/preact';

export type Says = ((word: Word, values?: Readonly<Record<string, string | number>>) => string) & {
  readonly language: Language;
};

export const speaker = (language: Language): Says =>
  Object.assign((word: Word, values = {}) => said(languages[language][word], values), { language });

export const Speech = createContext<Says>(speaker('en'));
export const useSpeech = (): Says => useContext(Speech);
