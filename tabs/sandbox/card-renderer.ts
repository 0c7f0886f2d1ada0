import {
  AdaptiveCard,
  CardElement,
  ExecuteAction,
  GlobalRegistry,
  HostConfig,
  OpenUrlAction,
  type PropertyBag,
  SerializationContext,
  SubmitAction,
  Version,
} from 'adaptivecards';
import type { HostTheme } from './address';
import { cardLook } from './card-look';
import { markdownToHtml } from './markdown';

/** What a person does with a card. `data` holds the action's data and the card's inputs. */
export interface CardAct {
  submit(data: unknown): void;
  execute(verb: string, data: unknown): void;
  open(url: string): void;
}

/** Teams' own element, which the open-source renderer does not know. Its numbers stand in a TextBlock beside it. */
class ProgressBar extends CardElement {
  private value = 0;
  private max = 100;
  private color = 'Accent';

  override getJsonTypeName(): string {
    return 'ProgressBar';
  }

  protected override internalParse(source: PropertyBag, context: SerializationContext): void {
    super.internalParse(source, context);
    this.value = Number(source.value) || 0;
    this.max = Number(source.max) || 100;
    this.color = String(source.color ?? 'Accent');
  }

  protected override internalRender(): HTMLElement {
    const track = document.createElement('div');
    track.className = `card-bar card-bar-${this.color.toLowerCase()}`;
    track.setAttribute('aria-hidden', 'true');
    const fill = document.createElement('div');
    fill.style.width = `${Math.min(100, Math.max(0, (100 * this.value) / this.max))}%`;
    track.append(fill);
    return track;
  }
}

GlobalRegistry.elements.register('ProgressBar', ProgressBar);
AdaptiveCard.onProcessMarkdown = (text, result) => {
  result.outputHtml = markdownToHtml(text);
  result.didProcess = true;
};

/** Draws a card of schema 1.5, as Teams does; undefined if there is nothing to draw. */
export function drawCard(payload: unknown, theme: HostTheme, act: CardAct): HTMLElement | undefined {
  const card = new AdaptiveCard();
  card.hostConfig = new HostConfig(cardLook(theme));
  card.onExecuteAction = (action) => {
    if (action instanceof ExecuteAction) act.execute(action.verb ?? '', action.data ?? {});
    else if (action instanceof SubmitAction) act.submit(action.data ?? {});
    else if (action instanceof OpenUrlAction && action.url) act.open(action.url);
  };
  card.parse(payload, new SerializationContext(new Version(1, 5)));
  return card.render();
}
