// The sign-in form, the same on both pages.
import { h, find, setHidden } from './dom.js';
import { isUserId } from './session.js';
import { UploadError } from './errors.js';

const hint = (input, text) => h('p', { class: 'hint', id: `${input.id}-help` }, text);
const field = (input, name, help) => h('div', { class: 'field' }, h('label', { for: input.id }, name), input, hint(input, help));

/**
 * Shows the form or the workspace, as the session says. `onIn` runs whenever somebody is signed in, `onOut` when nobody is any more.
 */
export function mountSignIn(session, { onIn, onOut, needsUser }) {
  const section = find('#sign-in');
  const workspace = find('#workspace');
  const signOut = find('#sign-out');
  const problem = h('p', { class: 'notice notice-bad', id: 'sign-in-problem', role: 'alert', hidden: true });
  const key = h('input', {
    type: 'password', id: 'key', name: 'key', autocomplete: 'off', spellcheck: 'false', required: true, 'aria-describedby': 'key-help',
  });
  const user = h('input', {
    type: 'text', id: 'user', name: 'user', autocomplete: 'username', spellcheck: 'false', autocapitalize: 'none', value: session.userId,
    'aria-describedby': 'user-help',
  });
  const keep = h('input', { type: 'checkbox', id: 'keep', name: 'keep', checked: true, 'aria-describedby': 'keep-help' });
  const submit = h('button', { type: 'submit', class: 'primary' }, 'Sign in');
  const form = h('form', { novalidate: true },
    h('h1', { id: 'sign-in-title' }, 'Sign in'),
    h('p', { class: 'lead' }, 'With an API key of your account.'),
    field(key, 'API key', 'It begins with jetty_ and is sent to this service only, never as part of an address.'),
    needsUser && field(user, 'User', 'Whose files these are, as your application names its users.'),
    h('div', { class: 'check' }, keep, h('div', {}, h('label', { for: 'keep' }, 'Stay signed in on this tab'),
      hint(keep, 'The key then outlives a reload, and goes when the tab is closed. Otherwise it goes with the page.'))),
    problem,
    h('div', { class: 'actions field' }, submit));

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    setHidden(problem, true);
    key.removeAttribute('aria-invalid');
    user.removeAttribute('aria-invalid');
    if (!key.value.trim()) return fail('Enter an API key.', key);
    if (needsUser && !isUserId(user.value)) return fail(new UploadError('empty-user').message, user);
    submit.disabled = true;
    try {
      await session.signIn(key.value, needsUser ? user.value : session.userId, keep.checked);
      key.value = '';
      show();
      find('#main').focus();
    } catch (error) {
      fail(error.kind === 'key-invalid' ? 'This API key is not valid. Check that it was copied as a whole.' : error.message, key);
    } finally {
      submit.disabled = false;
    }
    return undefined;
  });

  function fail(text, input) {
    problem.textContent = text;
    setHidden(problem, false);
    input.setAttribute('aria-invalid', 'true');
    input.focus();
  }

  function show() {
    setHidden(section, session.isSignedIn);
    setHidden(workspace, !session.isSignedIn);
    setHidden(signOut, !session.isSignedIn);
    if (session.isSignedIn) onIn();
  }

  function leave(reason) {
    session.signOut();
    onOut();
    show();
    if (reason) fail(reason, key);
    else key.focus();
  }

  section.append(form);
  signOut.addEventListener('click', () => leave());
  show();
  return { leave };
}
