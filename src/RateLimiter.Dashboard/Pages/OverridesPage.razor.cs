using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using RateLimiter.Application.Overrides;
using RateLimiter.Application.Policies;
using RateLimiter.Dashboard.Components;
using RateLimiter.Dashboard.Formatting;
using RateLimiter.Dashboard.Forms;
using RateLimiter.Dashboard.Sessions;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Overrides;

namespace RateLimiter.Dashboard.Pages;

public sealed partial class OverridesPage
{
    private const int PageSize = 50;

    private static readonly IReadOnlyDictionary<string, long> NoLimits =
        new Dictionary<string, long>();

    private static readonly (OverrideEffect Value, string Text)[] Effects =
    [
        (OverrideEffect.Blocked, "Blocked"),
        (OverrideEffect.Unlimited, "Unlimited"),
        (OverrideEffect.Limits, "Other limits"),
    ];

    private static readonly IReadOnlyList<(OverrideEffect, string)> EffectChoices = Effects;

    private static readonly IReadOnlyList<(OverrideMatchType?, string)> TypeChoices =
    [
        (null, "By its form"),
        (OverrideMatchType.Exact, WordOf(OverrideMatchType.Exact)),
        (OverrideMatchType.Pattern, WordOf(OverrideMatchType.Pattern)),
        (OverrideMatchType.Network, WordOf(OverrideMatchType.Network)),
    ];

    private Reply<IReadOnlyList<Override>>? overrides;
    private ConfirmDialog editing = default!;
    private ConfirmDialog deletion = default!;
    private OverrideForm form = new();
    private ValidationErrors errors = ValidationErrors.None;
    private Override? asked;
    private string? blocked;
    private string? notice;
    private string search = "";
    private string effect = "";
    private int shown = PageSize;
    private bool focusError;

    [Inject]
    private IJSRuntime Browser { get; set; } = default!;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    /// <summary>A user whose block is to be entered.</summary>
    [SupplyParameterFromQuery]
    public string? Block { get; set; }

    protected override async Task LoadPageAsync() =>
        overrides = await Session.SendAsync(
            Scopes.PolicyRead,
            caller => new ListOverridesQuery(caller.Client.Id, new OverrideFilter())
        );

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (Block is not (null or "") && Block != blocked && May(Scopes.PolicyWrite))
        {
            blocked = Block;
            AskCreate();
            // A user id can have the form of a pattern, and means itself.
            (form.Match, form.MatchType) = (Block, OverrideMatchType.Exact);
            StateHasChanged();
        }

        if (focusError)
        {
            focusError = false;
            await Browser.InvokeVoidAsync(
                "rateLimiter.focusFirst",
                "dialog[open] [aria-invalid=true]"
            );
        }
    }

    private bool Matches(Override it) =>
        (effect is "" || effect == $"{it.Effect}")
        && (
            search is ""
            || Has(it.Definition.Match)
            || Has(it.Definition.Subject)
            || Has(it.Definition.RouteKey)
            || Has(it.Definition.Role)
            || Has(it.Definition.Reason)
        );

    private bool Has(string? text) =>
        text?.Contains(search, StringComparison.OrdinalIgnoreCase) == true;

    private void Reset() => shown = PageSize;

    private void ShowMore() => shown += PageSize;

    private void Clear() => (search, effect) = ("", "");

    private static string Counted(int count) =>
        count == 1 ? "1 override" : $"{Figures.Text(count)} overrides";

    private static string WordOf(OverrideEffect effect) =>
        Array.Find(Effects, it => it.Value == effect).Text;

    private static string WordOf(OverrideMatchType type) =>
        type switch
        {
            OverrideMatchType.Exact => "exact",
            OverrideMatchType.Pattern => "pattern",
            _ => "network",
        };

    private void AskCreate() => Ask(null, new OverrideForm());

    private void AskChange(Override it) => Ask(it, OverrideForm.Of(it.Definition));

    private void Ask(Override? it, OverrideForm fields)
    {
        (asked, form, errors, notice) = (it, fields, ValidationErrors.None, null);
        editing.Open();
    }

    private void AskDelete(Override it)
    {
        (asked, notice) = (it, null);
        deletion.Open();
    }

    private async Task SaveAsync(Confirmation confirmation)
    {
        (var fields, errors) = form.Read();
        if (errors.Count > 0)
        {
            focusError = true;
            confirmation.Problem = "";
            return;
        }

        var definition = fields.ToDefinition();
        var id = asked?.Id;
        var reply = id is null
            ? await Session.SendAsync(
                Scopes.PolicyWrite,
                (caller, actor) => new CreateOverrideCommand(caller.Client.Id, definition, actor)
            )
            : await Session.SendAsync(
                Scopes.PolicyWrite,
                (caller, actor) =>
                    new UpdateOverrideCommand(caller.Client.Id, id, definition, actor)
            );
        confirmation.FocusNext = "h1";
        confirmation.Problem = await FinishAsync(
            reply,
            outcome => outcome is OverrideSaved,
            $"The override of {definition.Match} is saved."
        );
    }

    private async Task DeleteAsync(Confirmation confirmation)
    {
        var it = asked!;
        var reply = await Session.SendAsync(
            Scopes.PolicyWrite,
            (caller, actor) => new DeleteOverrideCommand(caller.Client.Id, it.Id, actor)
        );
        // The element that opened the dialog no longer exists then.
        confirmation.FocusNext = "h1";
        confirmation.Problem = await FinishAsync(
            reply,
            outcome => outcome is OverrideDeleted,
            $"The override of {it.Definition.Match} is deleted."
        );
    }

    /// <returns>Why the change was not made, or null.</returns>
    private async Task<string?> FinishAsync(
        Reply<PolicyOutcome> reply,
        Predicate<PolicyOutcome> isMade,
        string done
    )
    {
        if (reply.Failure is { } error)
        {
            return $"{error.Title}. {error.Detail}";
        }

        if (!isMade(reply.Value!))
        {
            return OverrideRefusal.Why(reply.Value!);
        }

        notice = done;
        await LoadAsync();
        return null;
    }
}
