using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Validation;
using RateLimiter.Dashboard.Components;
using RateLimiter.Dashboard.Forms;
using RateLimiter.Dashboard.Sessions;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Dashboard.Pages;

public sealed partial class KeysPage
{
    private static readonly (string Scope, string About)[] ScopeWords =
    [
        ("check", "Checks, and reading usage"),
        ("policy:read", "Reading policies"),
        ("policy:write", "Saving and deleting policies"),
        ("logs:read", "Reading the log and analytics"),
        ("usage:write", "Refunds and resets, and reading usage"),
        ("keys:write", "Managing keys, with at most the scopes of this one"),
        ("audit:read", "Reading the audit trail"),
        ("admin", "Everything, including deletion of the client"),
    ];

    private Reply<IReadOnlyList<UsedKey>>? keys;
    private ConfirmDialog creation = default!;
    private ConfirmDialog rotation = default!;
    private ConfirmDialog revocation = default!;
    private ClientKey? asked;
    private KeyMade? made;
    private TimeSpan grace;
    private KeyForm form = new();
    private ValidationErrors errors = ValidationErrors.None;
    private GracePeriodForm gracePeriod = new();
    private string? graceError;
    private string? notice;
    private string? copied;
    private string? focusNext;

    [Inject]
    private IJSRuntime Browser { get; set; } = default!;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    protected override async Task LoadPageAsync()
    {
        var reply = await Session.SendAsync(
            Scopes.KeysWrite,
            caller => new ListKeysQuery(caller.Client.Id)
        );
        // Null for a deleted client: its key is no longer valid, which the next request reports.
        keys = new(reply.Failure is null ? reply.Value ?? [] : null, reply.Failure);
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (focusNext is { } selector)
        {
            focusNext = null;
            await Browser.InvokeVoidAsync("rateLimiter.focusFirst", selector);
        }
    }

    private bool IsCovered(string scope) =>
        ScopeRules.TryParse([scope], out var parsed) && KeyScopes?.Cover(parsed) == true;

    private void Choose(string scope, bool isChosen)
    {
        if (isChosen)
        {
            form.Scopes.Add(scope);
        }
        else
        {
            form.Scopes.Remove(scope);
        }
    }

    private void AskCreate()
    {
        (form, errors, notice) = (new KeyForm(), ValidationErrors.None, null);
        form.Scopes.UnionWith(IsCovered("check") ? ["check"] : []);
        creation.Open();
    }

    private void AskRotate()
    {
        (gracePeriod, graceError, notice) = (new GracePeriodForm(), null, null);
        rotation.Open();
    }

    private void AskRevoke(ClientKey key)
    {
        (asked, notice) = (key, null);
        revocation.Open();
    }

    private static async Task RunAsync(
        Confirmation confirmation,
        Func<Task<string?>> run,
        string focusNext
    )
    {
        confirmation.FocusNext = focusNext;
        confirmation.Problem = await run();
    }

    private async Task<string?> CreateAsync()
    {
        (var fields, errors) = form.Read();
        if (errors.Count > 0)
        {
            return ShowErrors();
        }

        return await KeepAsync(
            await Session.SendAsync(
                Scopes.KeysWrite,
                (caller, actor) =>
                    new CreateKeyCommand(
                        caller,
                        fields.Name,
                        fields.ToScopes(),
                        fields.ToLifetime(),
                        actor
                    )
            ),
            TimeSpan.Zero
        );
    }

    private async Task<string?> RotateAsync()
    {
        (var time, graceError) = gracePeriod.Read();
        if (graceError is not null)
        {
            return ShowErrors();
        }

        return await KeepAsync(
            await Session.SendAsync(
                Scopes.KeysWrite,
                (caller, actor) => new RotateKeyCommand(caller, time, actor)
            ),
            time
        );
    }

    /// <summary>Shows the key, which cannot be retrieved again: the page stays, whatever happens.</summary>
    private async Task<string?> KeepAsync(Reply<KeyOutcome?> reply, TimeSpan graceTime)
    {
        if (reply.Failure is { } error)
        {
            return $"{error.Title}. {error.Detail}";
        }

        if (reply.Value is not KeyMade key)
        {
            return WhyNot(reply.Value);
        }

        (made, grace, copied) = (key, graceTime, null);
        // A request with a revoked key would end the session, and the new key would be lost with the page.
        if (key.Replaced is null || graceTime > TimeSpan.Zero)
        {
            await LoadAsync();
        }

        return null;
    }

    private async Task<string?> RevokeAsync()
    {
        var key = asked!;
        var reply = await Session.SendAsync(
            Scopes.KeysWrite,
            (caller, actor) => new DeleteKeyCommand(caller, key.Id, actor)
        );
        if (reply.Failure is { } error)
        {
            return $"{error.Title}. {error.Detail}";
        }

        if (reply.Value is not KeyDeleted)
        {
            return WhyNot(reply.Value);
        }

        notice = $"The key {key.Name} is revoked.";
        await LoadAsync();
        return null;
    }

    private string ShowErrors()
    {
        focusNext = "dialog[open] [aria-invalid=true]:not(:disabled)";
        return "";
    }

    private async Task CopyAsync() =>
        copied = await Browser.InvokeAsync<bool>("rateLimiter.copy", made!.Text)
            ? "Copied."
            : "The browser does not allow copying: select the key, and copy it.";

    private Task DoneAsync()
    {
        made = null;
        focusNext = "h1";
        return LoadAsync();
    }

    private static string? Seconds(string? error) =>
        error is null || error is WholeNumber.Error or FieldRules.Required
            ? error
            : $"{error} seconds";

    private static string WhyNot(KeyOutcome? outcome) =>
        outcome is ExceedsCallerScope
            ? "The key has, or would have, more scopes or a later expiry than the one that you are signed in with."
            : KeyRefusal.Why(outcome);
}
