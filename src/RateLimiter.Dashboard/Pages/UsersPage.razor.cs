using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Usage;
using RateLimiter.Application.Validation;
using RateLimiter.Dashboard.Components;
using RateLimiter.Dashboard.Formatting;
using RateLimiter.Dashboard.Forms;
using RateLimiter.Dashboard.Limits;
using RateLimiter.Dashboard.Live;
using RateLimiter.Dashboard.Sessions;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Dashboard.Pages;

public sealed partial class UsersPage
{
    private const Scopes Looking = Scopes.Check | Scopes.UsageWrite;

    private const int BatchSize = 25;
    private const int LatestCount = 20;

    // Each costs a request to the store.
    private const int MaxSeen = 20;

    private Reply<IReadOnlyList<UsageSubject>>? subjects;
    private Reply<IReadOnlyList<(UsageSubject Subject, Decision? Decision)>>? usage;
    private Reply<IReadOnlyList<DecisionRow>>? decisions;
    private IReadOnlyList<PolicyKey> seen = [];
    private ConfirmDialog reset = default!;
    private ConfirmDialog refund = default!;
    private UsageSubject? asked;
    private UsageOwner owner = new(null, null);
    private string entered = "";
    private string enteredSubjects = "";
    private string enteredRoute = "";
    private string? error;
    private string? subjectError;
    private string? routeError;
    private string amount = "1";
    private string? amountError;
    private string? notice;
    private string? noticed;
    private bool isAsking;
    private bool focusError;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private IJSRuntime Browser { get; set; } = default!;

    [SupplyParameterFromQuery]
    public string? User { get; set; }

    /// <summary>Each as <c>NAME=VALUE</c>.</summary>
    [SupplyParameterFromQuery(Name = SubjectText.Parameter)]
    public string[]? Subjects { get; set; }

    [SupplyParameterFromQuery]
    public string? Route { get; set; }

    // Before the page is connected, too: its title names them.
    protected override void OnParametersSet()
    {
        (var named, subjectError) = SubjectText.Read(Subjects);
        owner = new UsageOwner(User is "" ? null : User, named);
        error = owner.UserId is null ? null : Names.Problem(owner.UserId, Names.MaxUserLength);
        routeError = Route is null or "" ? null : Names.Problem(Route, Names.MaxRouteLength);
        if ((error ?? subjectError ?? routeError) is not null)
        {
            owner = new UsageOwner(null, null);
        }
    }

    protected override async Task LoadPageAsync()
    {
        (entered, enteredRoute) = (User ?? "", Route ?? "");
        enteredSubjects = string.Join(", ", Subjects ?? []);
        if (noticed != Navigation.Uri)
        {
            (notice, subjects, usage, decisions) = (null, null, null, null);
            (seen, noticed) = ([], Navigation.Uri);
        }

        if (owner.IsNobody)
        {
            return;
        }

        var log = await Session.SendAsync(
            Scopes.LogsRead,
            caller => new LatestDecisionsQuery(
                caller.Client.Id,
                LatestDecisionsQuery.MaxCount,
                owner.UserId,
                Subjects: owner.Subjects
            )
        );
        decisions = new(
            log.Value?.Select(DecisionRow (decision) => new DecisionRow.Made(decision)).ToList(),
            log.Failure
        );
        seen =
        [
            .. (log.Value ?? [])
                .Select(decision => new PolicyKey(decision.RouteKey, decision.Role))
                .Distinct()
                .Take(MaxSeen),
        ];
        await LoadUsageAsync();
    }

    private async Task LoadUsageAsync()
    {
        var list = await Session.SendAsync(
            Scopes.PolicyRead,
            caller => new ListPoliciesQuery(caller.Client.Id)
        );
        if (list.Failure is { } hindrance)
        {
            subjects = hindrance;
            return;
        }

        var all = Route is null or ""
            ? UsageSubject.Of(list.Value!.Policies, seen)
            : UsageSubject.OfRoute(list.Value!.Policies, Route);
        subjects = new([.. all.Where(it => owner.LimitsOf(it.Policy).Any())], null);
        // As many as before, so that a refresh changes only the figures.
        var count = Math.Max(BatchSize, usage?.Value?.Count ?? 0);
        usage = await AskAsync(subjects.Value!.Take(count));
    }

    private async Task AskMoreAsync()
    {
        isAsking = true;
        var more = await AskAsync(subjects!.Value!.Skip(usage!.Value!.Count).Take(BatchSize));
        usage = more.Value is null ? more : new([.. usage.Value, .. more.Value], null);
        isAsking = false;
    }

    private async Task<Reply<IReadOnlyList<(UsageSubject, Decision?)>>> AskAsync(
        IEnumerable<UsageSubject> some
    )
    {
        var replies = await Task.WhenAll(
            some.Select(async subject =>
                (
                    Subject: subject,
                    Reply: subject.Route is not { } route
                        ? new Reply<CheckOutcome<UsageLook>>(default, null)
                        : await Session.SendAsync(
                            Looking,
                            caller => new UsageQuery(
                                caller.Client,
                                owner.KeyOf(route, subject.Policy.Key.Role)
                            )
                        )
                )
            )
        );
        var hindrance = replies
            .Select(reply => reply.Reply.Failure)
            .FirstOrDefault(found => found is not null);
        return new(
            hindrance is null
                ? [.. replies.Select(reply => (reply.Subject, reply.Reply.Value.Result?.Decision))]
                : null,
            hindrance
        );
    }

    private void LookUp()
    {
        (var named, subjectError) = SubjectText.Read(enteredSubjects);
        error =
            entered is "" && (named is not null || subjectError is not null)
                ? null
                : Names.Problem(entered, Names.MaxUserLength);
        routeError = enteredRoute is "" ? null : Names.Problem(enteredRoute, Names.MaxRouteLength);
        if ((error ?? subjectError ?? routeError) is null)
        {
            Navigation.NavigateTo(
                Addresses.OfUsage(
                    entered is "" ? null : entered,
                    named,
                    enteredRoute is "" ? null : enteredRoute
                )
            );
        }
        else
        {
            focusError = true;
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (focusError)
        {
            focusError = false;
            await Browser.InvokeVoidAsync("rateLimiter.focusFirst", "[aria-invalid=true]");
        }
    }

    private bool CanRefund(UsageSubject subject) =>
        May(Scopes.UsageWrite)
        && subject.Policy.Definition.IsActive
        && owner.UserId is not null
        && subject.Policy.Limits.Named.All(name => owner.Subjects?.ContainsKey(name) == true);

    private bool CanReset(UsageSubject subject) =>
        May(Scopes.UsageWrite) && owner.ResetLimitsOf(subject.Policy).Any();

    private void AskReset(UsageSubject subject)
    {
        (asked, notice) = (subject, null);
        reset.Open();
    }

    private void AskRefund(UsageSubject subject)
    {
        (asked, notice, amount, amountError) = (subject, null, "1", null);
        refund.Open();
    }

    private async Task<string?> ResetAsync()
    {
        var (policy, route) = asked!;
        var reply = await Session.SendAsync(
            Scopes.UsageWrite,
            caller => new ResetUsageCommand(caller.Client, owner.KeyOf(route!, policy.Key.Role))
        );
        if (reply.Failure is { } hindrance)
        {
            return $"{hindrance.Title}. {hindrance.Detail}";
        }

        if (reply.Value is not null)
        {
            return reply.Value is CheckProblem.NoSuchLimit
                ? $"{CheckRefusal.NoSuchLimit} any more."
                : "No policy applies to this route and role any more.";
        }

        notice = $"The usage of {owner} for route {route}, role {policy.Key.Role}, is reset.";
        await LoadUsageAsync();
        return null;
    }

    private async Task<string?> RefundAsync()
    {
        var (policy, route) = asked!;
        amountError =
            !WholeNumber.TryRead(amount, out var permits) ? WholeNumber.Error
            : permits is null ? FieldRules.Required
            : CheckRules.CostProblem(permits.Value) ?? (permits == 0 ? "must be at least 1" : null);
        if (amountError is not null)
        {
            focusError = true;
            return "";
        }

        var reply = await Session.SendAsync(
            Scopes.UsageWrite,
            caller => new RefundCommand(
                caller.Client,
                new Check(owner.UserId!, route!, policy.Key.Role, permits!.Value)
                {
                    Subjects = owner.Subjects,
                }
            )
        );
        if (reply.Failure is { } hindrance)
        {
            return $"{hindrance.Title}. {hindrance.Detail}";
        }

        if (reply.Value.Result is not { } decision)
        {
            return "No policy applies to this route and role any more.";
        }

        notice =
            $"Refunded {Figures.Text(permits!.Value)} to {owner} for route {route}, role {policy.Key.Role}: "
            + $"{Figures.Text(decision.Remaining)} remaining now.";
        await LoadUsageAsync();
        return null;
    }
}
