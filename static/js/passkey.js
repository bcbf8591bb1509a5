// Ties the buttons of a page to the passkey dialogue of the browser: <button data-passkey="loginForm" data-button="login" data-credential="id">.
(() => {
  const problem = (text) => document.querySelectorAll("[data-passkey-problem]").forEach((place) => { place.textContent = text; });

  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    problem("The passkey was not used. Try again, or use your password and a code.");
  });

  document.addEventListener("DOMContentLoaded", () => {
    if (!window.PublicKeyCredential || !window.allauth) return;
    document.querySelectorAll("[data-scripted]").forEach((part) => { part.hidden = false; });
    document.querySelectorAll("[data-passkey]").forEach((button) => {
      const { passkey, button: role, credential, passwordless } = button.dataset;
      const ids = { [role]: button.id, credential, passwordless };
      if (document.getElementById("js_data")) ids.data = "js_data";
      window.allauth.webauthn.forms[passkey]({ ids });
    });
  });
})();
