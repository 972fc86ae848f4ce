using Microsoft.AspNetCore.Components;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Policies;
using RateLimiter.Dashboard.Components;
using RateLimiter.Dashboard.Sessions;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Dashboard.Pages;

public sealed partial class PolicyHistoryPage
{
    private const int PageSize = 20;

    private Reply<IReadOnlyList<PolicyVersion>>? versions;
    private Dictionary<string, string> keyNames = [];
    private ConfirmDialog rollback = default!;
    private PolicyVersion? asked;
    private int shown = PageSize;
    private string? notice;

    [SupplyParameterFromQuery]
    public string? Route { get; set; }

    [SupplyParameterFromQuery]
    public string? Role { get; set; }

    private PolicyKey Key => PolicyKey.Create(Route ?? "", Role);

    protected override async Task LoadPageAsync()
    {
        // One more than is shown: the changes of a version are computed against the previous one.
        versions = await Session.SendAsync(
            Scopes.PolicyRead,
            caller => new PolicyHistoryQuery(caller.Client.Id, Key, Before: null, shown + 1)
        );
        if (May(Scopes.KeysWrite))
        {
            var keys = await Session.SendAsync(
                Scopes.KeysWrite,
                caller => new ListKeysQuery(caller.Client.Id)
            );
            keyNames = (keys.Value ?? []).ToDictionary(used => used.Key.Id, used => used.Key.Name);
        }
    }

    private Task ShowOlderAsync()
    {
        shown += PageSize;
        return LoadAsync();
    }

    private string WhoOf(PolicyVersion version) =>
        version.By is not { } id ? "an unknown key"
        : keyNames.TryGetValue(id, out var name) ? $"the key “{name}” ({id})"
        : $"the key {id}{(id == Caller?.Key.Id ? ", which is yours" : "")}";

    private void Ask(PolicyVersion version)
    {
        (asked, notice) = (version, null);
        rollback.Open();
    }

    private async Task RollBackAsync(Confirmation confirmation)
    {
        confirmation.FocusNext = "h1";
        confirmation.Problem = await TryRollBackAsync();
    }

    private async Task<string?> TryRollBackAsync()
    {
        var version = asked!.Version;
        var newest = versions!.Value![0];
        var reply = await Session.SendAsync(
            Scopes.PolicyWrite,
            (caller, actor) =>
                new RollBackPolicyCommand(
                    caller.Client.Id,
                    Key,
                    version,
                    actor,
                    newest.Policy is null
                        ? new VersionCondition.Missing()
                        : new VersionCondition.OneOf([newest.Version])
                )
        );
        if (reply.Failure is { } error)
        {
            return $"{error.Title}. {error.Detail}";
        }

        if (reply.Value is not PolicySaved { Policy: var policy })
        {
            await LoadAsync();
            return PolicyRefusal.Why(reply.Value!);
        }

        notice = $"Rolled back: version {policy.Version} restores version {version}.";
        await LoadAsync();
        return null;
    }
}
