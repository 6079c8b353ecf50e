// Warns inside JupyterLab before the idle notebook is stopped. A prebuilt extension is a container of module federation:
// https://jupyterlab.readthedocs.io/en/stable/extension/extension_dev.html#prebuilt-extensions
(() => {
  const NAME = 'ml-platform-idle';
  let shared;
  const use = async name => (await Object.values(shared[name])[0].get())();

  const activate = (app, Notification, folder) => {
    let notice, silent;
    const keep = async () => {
      silent = true;
      const until = new Date(Date.now() + 3600000).toISOString().replace(/\.\d+/, '');
      try {
        await app.serviceManager.contents.save('keep-alive.txt', {type: 'file', format: 'text', content: until + '\n'});
        Notification.success('Kept for 1 hour.');
      } catch (problem) {
        Notification.error('Could not write keep-alive.txt: ' + problem);
      }
    };
    const hide = () => {
      if (notice) Notification.dismiss(notice);
      notice = silent = undefined;
    };
    const poll = async () => {
      const status = await (await fetch(folder + 'status.json?' + Date.now(), {cache: 'no-store'})).json();
      if (!['warned', 'stopping'].includes(status.verdict)) return hide();
      if (silent) return;
      const at = new Date(Date.parse(status.time) + status.stops_in_minutes * 60000);
      const time = at.toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'});
      const minutes = Math.max(Math.ceil(status.stops_in_minutes), 1);
      const message =
        `This notebook is idle and will be stopped at ${time} (in ${minutes} minute${minutes > 1 ? 's' : ''}). ` +
        'Files are kept, variables are not.'; // JupyterLab shows 140 characters
      if (notice && Notification.manager.has(notice)) return Notification.update({id: notice, message});
      if (notice) return (silent = true);
      notice = Notification.warning(message, {autoClose: false, actions: [{label: 'Keep for 1 hour', callback: keep}]});
    };
    const again = () => poll().catch(() => undefined).finally(() => setTimeout(again, 5000));
    again();
  };

  (window._JUPYTERLAB = window._JUPYTERLAB || {})[NAME] = {
    init: scope => {
      shared = scope;
    },
    get: async () => {
      const {Notification} = await use('@jupyterlab/apputils');
      const {PageConfig} = await use('@jupyterlab/coreutils');
      const folder = `${PageConfig.getOption('fullLabextensionsUrl')}/${NAME}/static/`;
      const plugin = {id: `${NAME}:plugin`, autoStart: true, activate: app => activate(app, Notification, folder)};
      return () => ({__esModule: true, default: plugin});
    }
  };
})();
