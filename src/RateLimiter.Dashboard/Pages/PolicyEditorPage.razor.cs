using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using RateLimiter.Application.Policies;
using RateLimiter.Dashboard.Forms;
using RateLimiter.Dashboard.Limits;
using RateLimiter.Dashboard.Sessions;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Dashboard.Pages;

public sealed partial class PolicyEditorPage
{
    /// <param name="Policy">Null when there is none.</param>
    private sealed record Found(Policy? Policy);

    private static readonly IReadOnlyList<(Algorithm, string)> Algorithms =
    [
        (Algorithm.FixedWindow, "Fixed window: for quotas of a day or longer"),
        (Algorithm.SlidingWindow, "Sliding window: an estimate, in any interval"),
        (Algorithm.SlidingLog, "Sliding log: exact in any interval, at most 10,000"),
        (Algorithm.TokenBucket, "Token bucket: a steady pace, bursts after a pause"),
        (Algorithm.LeakyBucket, "Leaky bucket: a steady pace, no bursts"),
        (Algorithm.Calendar, "Calendar: hours, days, weeks or months of a time zone"),
        (Algorithm.Concurrency, "Concurrency: reservations that are open at once"),
    ];

    private static readonly IReadOnlyList<(CalendarUnit, string)> Periods =
    [
        .. Enum.GetValues<CalendarUnit>().Select(unit => (unit, $"{unit}")),
    ];

    private static readonly IReadOnlyList<(MissingSubjects, string)> Missing =
    [
        (MissingSubjects.Reject, "Reject the check"),
        (MissingSubjects.Skip, "Skip this limit"),
    ];

    private static readonly IReadOnlyList<(PolicyMode, string)> Modes =
    [
        (PolicyMode.Enforce, "Enforce"),
        (PolicyMode.Shadow, "Shadow: log denials only"),
    ];

    private static readonly IReadOnlyList<(StoreFailureMode?, string)> Failures =
    [
        (null, "Service default"),
        (StoreFailureMode.Deny, "Fail closed: deny everything"),
        (StoreFailureMode.Allow, "Fail open: allow everything"),
        (StoreFailureMode.Local, "Fail local: count per instance"),
    ];

    private static readonly IReadOnlyList<(ExpiryAction?, string)> Expiries =
    [
        (null, "Default: give its permits back"),
        (ExpiryAction.Release, "Give its permits back"),
        (ExpiryAction.Charge, "Keep its permits charged"),
    ];

    private Reply<Found>? loaded;
    private PolicyForm form = new();
    private ValidationErrors errors = ValidationErrors.None;
    private IReadOnlyList<Limit>? limits;
    private bool isTried;
    private bool isSaving;
    private bool isOutdated;
    private string? problem;
    private string? notice;
    private string? focusNext;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private IJSRuntime Browser { get; set; } = default!;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    [SupplyParameterFromQuery]
    public string? Route { get; set; }

    [SupplyParameterFromQuery]
    public string? Role { get; set; }

    private bool IsNew =>
        new Uri(Navigation.Uri).AbsolutePath.EndsWith("/new", StringComparison.Ordinal);

    private bool IsFixed => !May(Scopes.PolicyWrite);

    private PolicyKey Key => PolicyKey.Create(Route ?? "", Role);

    private string? PictureNote =>
        !form.IsActive ? "The policy is inactive: it allows everything and counts nothing."
        : form.Mode == PolicyMode.Shadow
            ? "In shadow mode nothing is denied. This is what would be allowed."
        : null;

    protected override async Task LoadPageAsync()
    {
        (problem, isOutdated, isTried) = (null, false, false);
        if (IsNew)
        {
            (loaded, form) = (new Found(null), new PolicyForm());
        }
        else
        {
            var reply = await Session.SendAsync(
                Scopes.PolicyRead,
                caller => new ListPoliciesQuery(caller.Client.Id, Key.RouteKey, Key.Role)
            );
            loaded = reply.Failure is { } error
                ? error
                : new Found(reply.Value!.Policies is [var policy] ? policy : null);
            if (loaded.Value?.Policy is { } there)
            {
                form = PolicyForm.Of(there.Definition);
            }
        }

        Read();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (focusNext is { } selector)
        {
            focusNext = null;
            await Browser.InvokeVoidAsync("rateLimiter.focusFirst", selector);
        }
    }

    private void Change(Action change)
    {
        change();
        notice = null;
        Read();
    }

    /// <summary>
    /// Draws the limits when they are valid, whatever errors there are elsewhere. Errors are shown from the first attempt to
    /// save on, not during the first input.
    /// </summary>
    private PolicyFields Read()
    {
        var (fields, found) = form.Read();
        limits = PolicyForm.LimitsOf(fields, found);
        errors = isTried ? found : ValidationErrors.None;
        return fields;
    }

    private PolicyDefinition? Proposed()
    {
        isTried = true;
        var fields = Read();
        // Its caller is a component of its own, and the errors are shown here.
        StateHasChanged();
        return errors.Count == 0 ? fields.ToDefinition() : null;
    }

    private void AddAsync() =>
        Change(() =>
        {
            var limit = new LimitForm();
            form.Limits.Add(limit);
            focusNext = $"#limit-{limit.Id}";
        });

    private void RemoveAsync(LimitForm limit) =>
        Change(() =>
        {
            form.Limits.Remove(limit);
            focusNext = $"#limit-{form.Limits[^1].Id}";
        });

    private async Task ReloadAsync()
    {
        await LoadAsync();
        notice = "This is the current policy.";
        focusNext = "h1";
    }

    private async Task SaveAsync()
    {
        if (isSaving || IsFixed)
        {
            return;
        }

        (isTried, problem, isOutdated, notice) = (true, null, false, null);
        var fields = Read();
        if (errors.Count > 0)
        {
            problem =
                errors.Count == 1 ? "One field is invalid." : $"{errors.Count} fields are invalid.";
            focusNext = "[aria-invalid=true]";
            return;
        }

        isSaving = true;
        try
        {
            await SendAsync(fields.ToDefinition());
        }
        finally
        {
            isSaving = false;
        }
    }

    private async Task SendAsync(PolicyDefinition definition)
    {
        VersionCondition condition = loaded?.Value?.Policy is { } seen
            ? new VersionCondition.OneOf([seen.Version])
            : new VersionCondition.Missing();
        var reply = await Session.SendAsync(
            Scopes.PolicyWrite,
            (caller, actor) => new SavePolicyCommand(caller.Client.Id, definition, actor, condition)
        );
        if (reply.Failure is { } error)
        {
            problem = $"{error.Title}. {error.Detail}";
            focusNext = ".alert-place";
            return;
        }

        if (reply.Value is not PolicySaved(var policy, var resetLimits))
        {
            isOutdated = reply.Value is ConditionFailed;
            problem =
                isOutdated && IsNew
                    ? "A policy for this route and role already exists."
                    : PolicyRefusal.Why(reply.Value!);
            focusNext = ".alert-place";
            return;
        }

        notice =
            $"Policy saved. It applies from the next check on, as version {policy.Version}."
            + (resetLimits is [] ? "" : $" Usage is reset for: {string.Join(", ", resetLimits)}.");
        focusNext = "h1";
        if (IsNew)
        {
            Navigation.NavigateTo(PolicyAddresses.Edit(policy.Key), replace: true);
            return;
        }

        (loaded, isTried) = (new Found(policy), false);
        form = PolicyForm.Of(policy.Definition);
        Read();
    }

    /// <summary>The next three ends of a period, while the limits are valid.</summary>
    private string? NextResets(int index)
    {
        if (limits?[index] is not CalendarLimit { Schedule: var schedule })
        {
            return "A date at which a period begins.";
        }

        List<string> ends = [];
        var now =
            (Time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        while (ends.Count < 3)
        {
            ends.Add(
                schedule.EndAt(now).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)
            );
            now = schedule.At(now).End;
        }

        return $"Resets at {string.Join(", ", ends)}.";
    }

    private static string? Duration(LimitForm limit) =>
        WholeNumber.TryRead(limit.WindowSeconds, out var seconds)
        && seconds is >= 60 and <= Limit.MaxWindowSeconds
            ? LimitWords.Duration(TimeSpan.FromSeconds(seconds.Value))
            : null;
}
