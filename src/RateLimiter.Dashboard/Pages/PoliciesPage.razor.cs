using Microsoft.AspNetCore.Components;
using RateLimiter.Application.Analytics;
using RateLimiter.Application.Policies;
using RateLimiter.Dashboard.Components;
using RateLimiter.Dashboard.Formatting;
using RateLimiter.Dashboard.Sessions;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Dashboard.Pages;

public sealed partial class PoliciesPage
{
    private const int PageSize = 50;

    private Reply<PolicyList>? policies;
    private Reply<IReadOnlyDictionary<PolicyKey, Tally>>? tallies;
    private ConfirmDialog deletion = default!;
    private Policy? asked;
    private string? notice;
    private string search = "";
    private string state = "";
    private int shown = PageSize;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    protected override async Task LoadPageAsync()
    {
        policies = await Session.SendAsync(
            Scopes.PolicyRead,
            caller => new ListPoliciesQuery(caller.Client.Id)
        );
        if (policies.Value is { Policies.Count: > 0 })
        {
            StateHasChanged();
            var now = Time.GetUtcNow();
            tallies = await Session.SendAsync(
                Scopes.LogsRead,
                caller => new PolicyTalliesQuery(
                    caller.Client.Id,
                    new AnalyticsSpan(now.AddDays(-1), now)
                )
            );
        }
    }

    private bool Matches(Policy policy) =>
        (
            search is ""
            || Has(policy.Key.RouteKey)
            || Has(policy.Key.Role)
            || Has(policy.Definition.Description ?? "")
        )
        && state switch
        {
            "enforce" => policy.Definition is { IsActive: true, Mode: PolicyMode.Enforce },
            "shadow" => policy.Definition is { IsActive: true, Mode: PolicyMode.Shadow },
            "inactive" => !policy.Definition.IsActive,
            _ => true,
        };

    private bool Has(string text) => text.Contains(search, StringComparison.OrdinalIgnoreCase);

    private void Reset() => shown = PageSize;

    private void Clear() => (search, state) = ("", "");

    private Tally TallyOf(PolicyKey key) => tallies?.Value?.GetValueOrDefault(key) ?? default;

    private static string Counted(int count) =>
        count == 1 ? "1 policy" : $"{Figures.Text(count)} policies";

    private static string NameOf(PolicyKey key) => $"route {key.RouteKey}, role {key.Role}";

    private void Ask(Policy policy)
    {
        (asked, notice) = (policy, null);
        deletion.Open();
    }

    private async Task DeleteAsync(Confirmation confirmation)
    {
        // The element that opened the dialog no longer exists then.
        confirmation.FocusNext = "h1";
        confirmation.Problem = await TryDeleteAsync();
    }

    private async Task<string?> TryDeleteAsync()
    {
        var policy = asked!;
        var reply = await Session.SendAsync(
            Scopes.PolicyWrite,
            (caller, actor) =>
                new DeletePolicyCommand(
                    caller.Client.Id,
                    policy.Key,
                    actor,
                    new VersionCondition.OneOf([policy.Version])
                )
        );
        if (reply.Failure is { } error)
        {
            return $"{error.Title}. {error.Detail}";
        }

        if (reply.Value is not PolicyDeleted)
        {
            await LoadAsync();
            return $"{PolicyRefusal.Why(reply.Value!)} The list is now up to date: review the policy again before you delete it.";
        }

        notice = $"The policy for {NameOf(policy.Key)} is deleted.";
        await LoadAsync();
        return null;
    }
}
