using MediatR;
using RateLimiter.Application.Stores;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Reservations;

namespace RateLimiter.Application.Reservations;

/// <summary>Settles many reservations, each on its own.</summary>
/// <param name="Client">The client that made them.</param>
/// <param name="Items">The ids, and what is done with each.</param>
public sealed record SettleEachCommand(
    ClientSnapshot Client,
    IReadOnlyList<(string Id, Settlement Settlement)> Items
) : IRequest<IReadOnlyList<Settled?>>;

/// <summary>Null where the store did not answer, in the order of the items.</summary>
internal sealed class SettleEachHandler(IMediator mediator)
    : IRequestHandler<SettleEachCommand, IReadOnlyList<Settled?>>
{
    /// <summary>The store works on few at a time, so that others are served between them.</summary>
    private const int AtOnce = 16;

    public async Task<IReadOnlyList<Settled?>> Handle(
        SettleEachCommand command,
        CancellationToken cancellationToken
    )
    {
        var settled = new Settled?[command.Items.Count];
        // What concerns one reservation is done in its order.
        var ofId = Enumerable.Range(0, settled.Length).GroupBy(i => command.Items[i].Id);
        await Parallel.ForEachAsync(
            ofId,
            new ParallelOptions
            {
                MaxDegreeOfParallelism = AtOnce,
                CancellationToken = cancellationToken,
            },
            async (items, stop) =>
            {
                foreach (var i in items)
                {
                    var (id, settlement) = command.Items[i];
                    try
                    {
                        settled[i] = await mediator.Send(
                            new SettleCommand(command.Client, id, settlement),
                            stop
                        );
                    }
                    catch (StoreUnavailableException)
                    {
                        // The others may be settled nevertheless.
                    }
                }
            }
        );
        return settled;
    }
}
