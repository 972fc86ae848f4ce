using Microsoft.AspNetCore.Components;
using RateLimiter.Application.Logs;
using RateLimiter.Dashboard.Formatting;
using RateLimiter.Dashboard.Live;
using RateLimiter.Dashboard.Sessions;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Dashboard.Pages;

public sealed partial class Logs
{
    private const int PageSize = 50;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    private static readonly Dictionary<string, object> FollowAttributes = new()
    {
        ["aria-label"] = "Follow live decisions",
    };

    private Reply<IReadOnlyList<DecisionRow>>? decisions;
    private int shown = PageSize;
    private bool isFollowing;
    private string? user;
    private string? subjects;
    private string? subjectProblem;
    private SubjectValues? wanted;
    private string? route;
    private string? verdict;

    // The filters are in the address, so that it can be bookmarked and shared.
    [SupplyParameterFromQuery]
    public string? User { get; set; }

    /// <summary>Each as <c>NAME=VALUE</c>.</summary>
    [SupplyParameterFromQuery(Name = SubjectText.Parameter)]
    public string[]? Subjects { get; set; }

    [SupplyParameterFromQuery]
    public string? Route { get; set; }

    [SupplyParameterFromQuery]
    public string? Verdict { get; set; }

    private bool? Allowed =>
        Verdict switch
        {
            "allowed" => true,
            "denied" => false,
            _ => null,
        };

    private bool HasFilter =>
        Text(User) is not null
        || Subjects is { Length: > 0 }
        || Text(Route) is not null
        || Allowed is not null;

    protected override async Task LoadAsync()
    {
        (user, route, verdict) = (User, Route, Verdict);
        (wanted, subjectProblem) = SubjectText.Read(Subjects);
        subjects = string.Join(", ", Subjects ?? []);
        shown = PageSize;
        if (subjectProblem is not null)
        {
            return;
        }

        var reply = await Session.SendAsync(
            Scopes.LogsRead,
            caller => new LatestDecisionsQuery(
                caller.Client.Id,
                LatestDecisionsQuery.MaxCount,
                Text(User),
                Text(Route),
                Allowed,
                Subjects: wanted
            )
        );
        decisions = new(
            reply.Value?.Select(DecisionRow (decision) => new DecisionRow.Made(decision)).ToList(),
            reply.Failure
        );
    }

    private void Filter()
    {
        var (entered, problem) = SubjectText.Read(subjects);
        subjectProblem = problem;
        if (problem is null)
        {
            Navigation.NavigateTo(
                Addresses.OfLogs(
                    Text(user),
                    Text(route),
                    verdict is "allowed" or "denied" ? verdict == "allowed" : null,
                    entered
                )
            );
        }
    }

    private static string? Text(string? entered) =>
        string.IsNullOrWhiteSpace(entered) ? null : entered.Trim();
}
