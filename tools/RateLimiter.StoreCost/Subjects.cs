using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Checks;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.StoreCost;

/// <summary>Users with names of 20 characters, and their checks.</summary>
internal sealed class Subjects(IServiceProvider services)
{
    private const int InFlight = 16;

    private readonly ICounterStore counters = services.GetRequiredService<ICounterStore>();
    private readonly ClientId client = ClientId.New();

    public static Policy PolicyOf(params LimitList limits) =>
        Policy.Create(
            new PolicyDefinition(
                PolicyKey.Create("search", null),
                limits,
                Description: null,
                IsActive: true,
                PolicyMode.Enforce
            ),
            DateTimeOffset.UnixEpoch
        );

    /// <summary>A limit of any algorithm; of a calendar, that of an hour.</summary>
    public static Limit LimitOf(
        string name,
        Algorithm algorithm,
        long permits,
        TimeSpan window,
        long? burst = null
    ) =>
        algorithm == Algorithm.Calendar
            ? new CalendarLimit(
                name,
                permits,
                new CalendarSchedule(CalendarUnit.Hour, "Europe/Berlin")
            )
            : RateLimit.Create(name, algorithm, permits, window, burst);

    /// <summary>Sends checks of cost 1 for each of the users, and fails when one is not decided as expected.</summary>
    public Task CheckAsync(Policy policy, int users, int checks, bool isAllowed) =>
        Parallel.ForEachAsync(
            Enumerable.Range(0, users * checks),
            new ParallelOptions { MaxDegreeOfParallelism = InFlight },
            async (i, cancellationToken) =>
            {
                var user = (i % users).ToString(
                    "'user-'000000000000000",
                    CultureInfo.InvariantCulture
                );
                var decision = await counters.AcquireAsync(
                    new CheckPlan(new Subject(client, user, RouteKey: null), policy, Cost: 1),
                    cancellationToken
                );
                if (decision?.Allowed != isAllowed)
                {
                    throw new InvalidOperationException($"Check {i} was decided otherwise.");
                }
            }
        );
}
