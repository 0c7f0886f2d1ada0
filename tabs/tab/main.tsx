import { createRoot } from 'react-dom/client';
import { Themed } from '../shared/theme';

createRoot(document.getElementById('root')!).render(<Themed name="default">Kontingent</Themed>);
